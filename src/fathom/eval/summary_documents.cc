#include "fathom/eval/summary_documents.h"

#include <array>
#include <filesystem>
#include <utility>

#include "fathom/base/file_mapping.h"
#include "fathom/eval/task.h"
#include "fathom/text/utf8.h"

namespace fathom {
namespace {

constexpr std::string_view kLicences = "/usr/share/common-licenses/";

// The licence, and what it says.
constexpr auto kSummaries = std::to_array<std::pair<const char*, const char*>>({
    {"GPL-2",
     "The GNU General Public License, version 2, gives everyone the right to copy, change and "
     "distribute a program. Whoever distributes it, or a work based on it, must license the whole "
     "under the same terms and provide the source code or a written offer, valid for three years, "
     "to supply it. Notices of copyright and of changes must be kept. Breaking the terms ends the "
     "rights automatically, and patents or court orders do not excuse it. The program comes "
     "without warranty."},
    {"GPL-3",
     "The GNU General Public License, version 3, is a free copyleft license: programs under it may "
     "be run, copied, changed and conveyed, but only under the same license and with their "
     "Corresponding Source. It forbids legal measures against circumvention of technical "
     "protection and requires Installation Information for User Products, so that changed versions "
     "can be run. Each contributor grants a patent license, and rights may not be burdened by "
     "further restrictions. A violation ends the license, which comes back if it is cured in time. "
     "There is no warranty and no liability."},
    {"LGPL-3",
     "The GNU Lesser General Public License, version 3, adds permissions to version 3 of the GNU "
     "General Public License. An Application may use a Library under it and be conveyed as a "
     "Combined Work under terms of one's choice, if these allow changes of the Library for the "
     "customer's own use and reverse engineering to debug them. Notices and copies of both "
     "licenses must be given, and the user must be able to link a changed version of the Library. "
     "Object code may include material from header files of the Library."},
    {"Apache-2.0",
     "The Apache License, Version 2.0, lets anyone use, reproduce, change and distribute a Work, "
     "in Source or Object form, at no charge. Each Contributor grants a copyright license and a "
     "patent license, and the latter ends for those who sue over patents in the Work. Copies must "
     "carry the License, keep notices and the NOTICE file, and state which files were changed. "
     "Trademarks are not licensed. The Work is provided as it is, without warranties and without "
     "liability."},
    {"MPL-2.0",
     "The Mozilla Public License, Version 2.0, is a copyleft for files: Covered Software that is "
     "distributed in Source Code Form, with its Modifications, stays under this License, while a "
     "Larger Work may combine it with files under other terms. Executable Form may be distributed "
     "under other terms if recipients are told how to get the source. Contributors grant copyright "
     "and patent licenses, which end for those who sue over patents. A breach ends the rights, "
     "which return if it is cured within 30 days after the first notice. Combination with the GNU "
     "licenses is allowed unless it is excluded in Exhibit B."},
    {"Artistic",
     "The Artistic License lets users copy, change and distribute a Package while the Copyright "
     "Holder keeps some artistic control over it. Changed files must carry prominent notices, and "
     "the changes must be made Freely Available, be used only within one's own organization, or be "
     "renamed and documented so that they do not conflict with the Standard Version. A reasonable "
     "copying fee may be charged, but none for the Package itself, which may be part of a larger "
     "commercial distribution. Scripts and output belong to whoever made them. The names of "
     "Copyright Holders may "
     "not be used to promote products, and there is no warranty."},
    {"GFDL-1.3",
     "The GNU Free Documentation License, version 1.3, makes manuals and other documents free to "
     "copy, distribute and modify, as copyleft. Modified versions must be under the same License, "
     "have a title of their own, name their authors and keep a History, Invariant Sections and "
     "Cover Texts. Whoever publishes more than 100 printed copies with Cover Texts must print "
     "these on the covers and give a Transparent copy or its network location. A wiki, called a "
     "Massive Multiauthor Collaboration Site, could republish some works under CC-BY-SA before "
     "August 1, 2009."},
    {"CC0-1.0",
     "With CC0 1.0 Universal an Affirmer waives all Copyright and Related Rights in a Work, as far "
     "as law permits, so that it is in the public domain worldwide. Where the waiver is not valid, "
     "it is a license without conditions, royalty or end to use the Work for any purpose. Patents "
     "and trademarks are not affected. The Work is offered as it is, without warranties, and the "
     "Affirmer does not clear the rights of other persons. Creative Commons is not a party to it."},
});

Status check_text(const std::string& text) {
  if (const auto bad = find_invalid_utf8(text))
    return Error{"is not UTF-8 at byte " + std::to_string(*bad)};
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) return Error{"has no text"};
  return {};
}

Result<std::vector<std::string>> references_of(const Json& entry) {
  constexpr std::string_view wanted = "\"summary\" must be a text, or a list of texts";
  const auto found = entry.find("summary");
  if (found == entry.end()) return Error{std::string(wanted)};
  std::vector<std::string> references;
  for (const Json& one : found->is_array() ? *found : Json::array({*found})) {
    if (!one.is_string()) return Error{std::string(wanted)};
    references.push_back(one.get<std::string>());
    if (const Status text = check_text(references.back()); !text)
      return Error{"\"summary\" " + text.error().message};
  }
  if (references.empty()) return Error{std::string(wanted)};
  return references;
}

// `folder`: what paths are relative to.
Result<SummaryDocument> document_of(const Json& entry, const std::filesystem::path& folder) {
  if (!entry.is_object()) return Error{"a JSON object is needed"};
  const auto text_of = [&](const char* key) {
    const auto found = entry.find(key);
    return found != entry.end() && found->is_string() ? std::optional(found->get<std::string>())
                                                      : std::nullopt;
  };
  const auto text = text_of("document"), file = text_of("file");
  if (text.has_value() == file.has_value())
    return Error{"one of \"document\" (a text) and \"file\" (a path) is needed"};
  SummaryDocument document{.name = text_of("name").value_or(file.value_or("")),
                           .text = text.value_or(""),
                           .references = {}};
  if (file) {
    FATHOM_TRY(document.text, read_file((folder / *file).string()));
  }
  if (const Status checked = check_text(document.text); !checked)
    return Error{(file ? *file : std::string("\"document\"")) + " " + checked.error().message};
  FATHOM_TRY(document.references, references_of(entry));
  return document;
}

}  // namespace

Result<std::vector<SummaryDocument>> read_summaries(const std::string& path) {
  FATHOM_TRY(const std::string content, read_file(path));
  std::vector<SummaryDocument> documents;
  std::string_view rest = content;
  for (size_t line = 1; !rest.empty(); ++line) {
    const size_t end = rest.find('\n');
    const std::string_view text = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (text.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const std::string at = path + ":" + std::to_string(line) + ": ";
    const Json entry = Json::parse(text, nullptr, false);
    if (entry.is_discarded()) return Error{at + "this is not JSON"};
    auto document = document_of(entry, std::filesystem::path(path).parent_path());
    if (!document) return Error{at + document.error().message};
    if (document->name.empty()) document->name = "line " + std::to_string(line);
    documents.push_back(std::move(document).value());
  }
  if (documents.empty()) return Error{path + ": has no document"};
  return documents;
}

Result<std::vector<SummaryDocument>> licence_summaries() {
  std::vector<SummaryDocument> documents;
  for (const auto& [name, summary] : kSummaries) {
    const std::string path = std::string(kLicences) + name;
    if (!std::filesystem::exists(path)) continue;
    FATHOM_TRY(std::string text, read_file(path));
    documents.push_back({.name = name, .text = std::move(text), .references = {summary}});
  }
  if (documents.empty())
    return Error{std::string(kLicences) +
                 " has none of the licences that are summarised here; give --references"};
  return documents;
}

}  // namespace fathom
