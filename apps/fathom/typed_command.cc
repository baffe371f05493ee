#include "typed_command.h"

#include <string_view>

#include "fathom/base/file_mapping.h"
#include "terminal.h"

namespace fathom {
namespace {

constexpr std::string_view kPlain =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./,=:+@%";

std::string quoted(const std::string& word) {
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string text = "'";
  for (const char c : word) {
    if (c == '\'') text += "'\\'";
    text += c;
  }
  return text + "'";
}

}  // namespace

std::string typed_command() {
  const auto words = read_file("/proc/self/cmdline");  // each ends with a zero
  if (!words.ok()) return {};
  std::string command;
  for (size_t at = 0; at < words->size();) {
    const std::string word = words->c_str() + at;
    at += word.size() + 1;
    if (!command.empty()) command += ' ';
    command += quoted(word);
  }
  return printable(command);
}

}  // namespace fathom
