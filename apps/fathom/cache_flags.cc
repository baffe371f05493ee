#include "cache_flags.h"

#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "terminal.h"

namespace fathom {
namespace {

const std::string kLimitVariable = "FATHOM_CACHE_LIMIT";

}  // namespace

Result<uint64_t> parse_bytes(const std::string& text) {
  const Error wrong{"'" + text + "' is not a number of bytes, as 500M, 8G or 1.5T"};
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !(number >= 0)) return wrong;
  std::string unit(end, text.data() + text.size());
  if (unit.starts_with(' ')) unit.erase(0, 1);
  for (char& c : unit) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (unit.size() == 2 && unit.ends_with('b')) unit.pop_back();
  constexpr std::array<std::string_view, 6> kUnits = {"", "b", "k", "m", "g", "t"};
  constexpr std::array<double, 6> kSizes = {1, 1, 1e3, 1e6, 1e9, 1e12};
  for (size_t i = 0; i < kUnits.size(); ++i) {
    const double bytes = number * kSizes[i];
    if (unit == kUnits[i] && bytes < 0x1p62) return static_cast<uint64_t>(std::llround(bytes));
  }
  return wrong;
}

CLI::Validator byte_count() {
  return {[](std::string& text) {
            const auto bytes = parse_bytes(text);
            return bytes.ok() ? std::string() : bytes.error().message;
          },
          ""};
}

void add_cache_limit(CLI::App& app, std::string& limit, const std::string& name) {
  app.add_option(name, limit,
                 "Most bytes of prefills to keep, as 500M or 8G; what was not used for the longest "
                 "time goes first (default: " +
                     kLimitVariable + ", else " + human_bytes(PrefixStore::kUsualLimit) + ")")
      ->check(byte_count())
      ->type_name("SIZE");
  app.parse_complete_callback([&limit] {
    const char* const variable = std::getenv(kLimitVariable.c_str());
    if (!limit.empty() || variable == nullptr || *variable == '\0') return;
    limit = variable;
    const auto bytes = parse_bytes(limit);
    if (!bytes.ok()) throw CLI::ValidationError(kLimitVariable, bytes.error().message);
  });
}

Result<PrefixStore> open_prefixes(const std::string& limit) {
  FATHOM_TRY(std::string folder, prefixes_folder());
  if (limit.empty()) return PrefixStore::open(std::move(folder), PrefixStore::kUsualLimit);
  FATHOM_TRY(const uint64_t bytes, parse_bytes(limit));
  return PrefixStore::open(std::move(folder), bytes);
}

}  // namespace fathom
