#include "fathom/eval/scratch_prefixes.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include <unistd.h>

#include "fathom/engine/model_store.h"

namespace fathom {
namespace {

constexpr std::string_view kName = "eval-";  // followed by the process's number
// More would help no sample: only the newest are alike.
constexpr uint64_t kMostBytes = 4'000'000'000;

void remove_left(const std::string& home) {
  std::error_code failed;
  for (const auto& entry : std::filesystem::directory_iterator(home, failed)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(kName)) continue;
    const long process = std::atol(name.c_str() + kName.size());
    if (process > 0 && ::kill(static_cast<pid_t>(process), 0) != 0 && errno == ESRCH)
      std::filesystem::remove_all(entry.path(), failed);
  }
}

}  // namespace

Result<ScratchPrefixes> ScratchPrefixes::make(const std::string& model, size_t chunk) {
  FATHOM_TRY(const std::string home, home_folder());
  remove_left(home);
  const std::string path = home + "/" + std::string(kName) + std::to_string(::getpid());
  FATHOM_TRY(PrefixStore store, PrefixStore::open(path, kMostBytes));
  FATHOM_TRY(PrefixOptions options,
             prefix_options(std::move(store), model, [](std::string_view) {}));
  options.part_tokens = chunk;  // texts part ways anywhere
  return ScratchPrefixes(path, std::move(options));
}

ScratchPrefixes::ScratchPrefixes(std::string path, PrefixOptions options)
    : path_(std::move(path)), options_(std::move(options)) {}

ScratchPrefixes::ScratchPrefixes(ScratchPrefixes&& other) noexcept
    : path_(std::exchange(other.path_, {})), options_(std::move(other.options_)) {}

ScratchPrefixes::~ScratchPrefixes() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace fathom
