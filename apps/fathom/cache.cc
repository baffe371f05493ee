// fathom cache: the prefills that are kept on disk, so that a document is read only once.
#include <algorithm>
#include <ctime>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include "cache_flags.h"
#include "command.h"
#include "fathom/engine/chain_file.h"
#include "fathom/engine/prefix_store.h"
#include "fathom/engine/spooled_input.h"
#include "terminal.h"
#include "text_file.h"

namespace fathom {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kShownDigits = 12;  // of an id
constexpr size_t kShownText = 60;

struct CacheCommand {
  std::string limit;
  std::string id;
  std::string file;
  bool all = false;
  bool json = false;
};

// "2026-11-22 19:05", in local time.
std::string clock(int64_t nanoseconds) {
  const time_t seconds = nanoseconds / 1'000'000'000;
  struct tm parts = {};
  char text[32];
  ::localtime_r(&seconds, &parts);
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &parts);
  return text;
}

uint64_t bytes_of(const std::vector<StoredPart>& parts) {
  uint64_t bytes = 0;
  for (const StoredPart& part : parts) bytes += part.bytes;
  return bytes;
}

int finish(const CacheCommand& command, const Json& json, const std::string& lines) {
  const Status printed = command.json ? print_json(json) : print(lines);
  return printed.ok() ? kDone : failed(printed.error());
}

// The parts up to that whose id begins so. Error: none or several do.
Result<std::vector<StoredPart>> find_chain(const PrefixStore& store, const std::string& id) {
  const std::vector<StoredPart> parts = store.parts();
  std::vector<StoredPart> found;
  for (const StoredPart& part : parts)
    if (part.id.starts_with(id)) found.push_back(part);
  if (found.empty()) return Error{"no prefill '" + id + "'; 'fathom cache list' names them"};
  if (found.size() > 1)
    return Error{"'" + id + "' begins the names of " + std::to_string(found.size()) +
                 " prefills: give more of it"};
  std::vector<StoredPart> chain = chain_to(parts, found.front().id);
  if (chain.empty())
    return Error{"prefill '" + id +
                 "' has lost parts that it goes on from; they come back once "
                 "its text is read again"};
  return chain;
}

Json facts_of(const std::vector<StoredPart>& chain, const PartHeader& header) {
  return {{"id", chain.back().id},
          {"tokens", header.end()},
          {"parts", chain.size()},
          {"bytes", bytes_of(chain)},
          {"model", header.model},
          {"settings", header.settings},
          {"text", header.text},
          {"created", header.created},
          {"used", chain.back().used / 1'000'000'000}};
}

// Its beginning on one line.
std::string shown_text(std::string text) {
  const bool cut = text.size() > kShownText;
  size_t end = std::min(text.size(), kShownText);
  while (end < text.size() && end > 0 && (text[end] & 0xc0) == 0x80) --end;  // whole characters
  text.resize(end);
  for (char& c : text)
    if (c == '\n' || c == '\t' || c == '\r') c = ' ';
  return printable(text) + (cut ? "..." : "");
}

std::string line_of(const std::vector<StoredPart>& chain, const PartHeader& header) {
  return chain.back().id.substr(0, kShownDigits) + "  " + clock(chain.back().used) + "  " +
         grouped(header.end()) + " tokens, " + human_bytes(bytes_of(chain)) + ", " +
         printable(header.model) + ": " + shown_text(header.text) + "\n";
}

int list(const CacheCommand& command) {
  const auto store = open_prefixes(command.limit);
  if (!store.ok()) return failed(store.error());
  const std::vector<StoredPart> parts = store->parts();
  std::vector<StoredPart> ends = ends_of(parts);
  std::ranges::sort(ends, std::greater<>(), &StoredPart::used);
  auto prefills = Json::array();
  std::vector<StoredPart> newer;
  std::string lines;
  for (const StoredPart& end : ends) {
    const std::vector<StoredPart> chain = chain_to(parts, end.id);
    const auto file = PartFile::open(end.path);
    if (is_newer_part(end.path)) newer.push_back(end);
    if (chain.empty() || !file.ok()) continue;  // of no use to this program
    prefills.push_back(facts_of(chain, file->header()));
    lines += line_of(chain, file->header());
  }
  if (!newer.empty())
    lines += grouped(newer.size()) + " of a later version of Fathom, " +
             human_bytes(bytes_of(newer)) + ": left alone\n";
  const uint64_t held = bytes_of(parts);
  lines += human_bytes(held) + " of at most " + human_bytes(store->limit()) + " in " +
           printable(store->folder()) + "\n";
  return finish(command,
                {{"folder", store->folder()},
                 {"bytes", held},
                 {"limit", store->limit()},
                 {"newer", newer.size()},
                 {"prefills", std::move(prefills)}},
                lines);
}

int show(const CacheCommand& command) {
  const auto store = open_prefixes(command.limit);
  if (!store.ok()) return failed(store.error());
  const auto chain = find_chain(*store, command.id);
  if (!chain.ok()) return failed(chain.error());
  const auto end = PartFile::open(chain->back().path);
  if (!end.ok()) return failed(end.error());
  Json facts = facts_of(*chain, end->header());
  std::string lines = line_of(*chain, end->header()) + printable(end->header().settings) + "\n";
  auto parts = Json::array();
  for (const StoredPart& part : *chain) {
    parts.push_back({{"id", part.id},
                     {"begin", part.begin},
                     {"end", part.end},
                     {"bytes", part.bytes},
                     {"used", part.used / 1'000'000'000},
                     {"path", part.path}});
    lines += "  " + part.id.substr(0, kShownDigits) + "  tokens " + grouped(part.begin) + " to " +
             grouped(part.end) + ", " + human_bytes(part.bytes) + "\n";
  }
  facts["parts"] = std::move(parts);
  return finish(command, facts, lines);
}

int prune(const CacheCommand& command) {
  const auto store = open_prefixes(command.limit);
  if (!store.ok()) return failed(store.error());
  const uint64_t freed = store->prune(command.all ? 0 : store->limit());
  const uint64_t left = bytes_of(store->parts());
  return finish(command, {{"freed_bytes", freed}, {"bytes", left}},
                "removed " + human_bytes(freed) + "; " + human_bytes(left) + " are left\n");
}

int moved(const CacheCommand& command, const Result<ChainFacts>& facts, const std::string& verb) {
  if (!facts.ok()) return failed(facts.error());
  return finish(command,
                {{"id", facts->id},
                 {"tokens", facts->tokens},
                 {"parts", facts->parts},
                 {"bytes", facts->bytes}},
                verb + " " + facts->id.substr(0, kShownDigits) + ": " + grouped(facts->tokens) +
                    " tokens, " + human_bytes(facts->bytes) + "\n");
}

int export_to_file(const CacheCommand& command) {
  const auto store = open_prefixes(command.limit);
  if (!store.ok()) return failed(store.error());
  const auto chain = find_chain(*store, command.id);
  if (!chain.ok()) return failed(chain.error());
  if (command.file != "-") return moved(command, export_chain(*chain, command.file), "exported");
  if (::isatty(STDOUT_FILENO) != 0)
    return misused({"-: standard output is a terminal; give a file's name, or a pipe"});
  const auto facts = export_chain(*chain, [](std::span<const std::byte> bytes) {
    return print({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  });
  return facts.ok() ? kDone : failed(facts.error());
}

int import_from_file(const CacheCommand& command) {
  const auto store = open_prefixes(command.limit);
  if (!store.ok()) return failed(store.error());
  if (command.file != "-")
    return moved(command, import_chain(*store, command.file, command.file), "imported");
  const auto input = SpooledInput::read(store->folder());
  if (!input.ok()) return failed(input.error());
  return moved(command, import_chain(*store, input->path(), "standard input"), "imported");
}

// Sets what runs once this subcommand is parsed.
CLI::App* add(CLI::App& app, const std::string& name, const std::string& help,
              CacheCommand& command) {
  CLI::App* sub = app.add_subcommand(name, help);
  sub->add_flag("--json", command.json, "Print one JSON object");
  return sub;
}

void add_id(CLI::App& app, CacheCommand& command) {
  app.add_option("id", command.id, "The beginning of a name that list gives")
      ->required()
      ->type_name("ID");
}

void add_file(CLI::App& app, CacheCommand& command, const std::string& help) {
  app.add_option("file", command.file, help)->required()->check(file_name())->type_name("FILE");
}

}  // namespace

Command cache_command(CLI::App& program) {
  const auto command = std::make_shared<CacheCommand>();
  CLI::App* app =
      program.add_subcommand("cache", "What is kept on disk of documents that were read");
  app->require_subcommand(1);
  using Run = int (*)(const CacheCommand&);
  std::vector<std::pair<CLI::App*, Run>> subs;

  CLI::App* sub = add(*app, "list", "List what is kept, the last used first", *command);
  add_cache_limit(*sub, command->limit);
  subs.emplace_back(sub, list);
  sub = add(*app, "show", "Show the parts of one", *command);
  add_id(*sub, *command);
  subs.emplace_back(sub, show);
  sub = add(*app, "prune", "Remove what was not used for the longest time", *command);
  add_cache_limit(*sub, command->limit, "--limit");
  sub->add_flag("--all", command->all, "Remove everything, whatever the limit");
  subs.emplace_back(sub, prune);
  sub = add(*app, "export", "Write one to a file, for another machine", *command);
  add_id(*sub, *command);
  add_file(*sub, *command, "The file to make; - is standard output, which then has nothing else");
  subs.emplace_back(sub, export_to_file);
  sub = add(*app, "import", "Take one from a file that export wrote, after checking it", *command);
  add_cache_limit(*sub, command->limit);
  add_file(*sub, *command, "The file to read; - is standard input");
  subs.emplace_back(sub, import_from_file);
  app->footer(
      "What fathom run reads is kept in $FATHOM_HOME/prefixes, so that the same text, or a longer\n"
      "one that begins alike, is read only once with the same model and settings.\n"
      "\n"
      "Examples:\n"
      "  fathom cache list\n"
      "  fathom cache prune --limit 2G");
  return {app, [command, subs] {
            for (const auto& [parsed, run] : subs)
              if (parsed->parsed()) return run(*command);
            return kMisused;
          }};
}

}  // namespace fathom
