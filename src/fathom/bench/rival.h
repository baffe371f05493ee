// Another engine's speed, as its llama-bench tells: llama.cpp's, or that of a fork of it.
//
// Flash attention on and off and the cache types are all tried, and the fastest counts. Where
// llama-bench can fill the cache to a depth (-d), it does. Where it cannot, as in ik_llama.cpp,
// decoding at a depth is timed after reading so many tokens (-gp), and the time of 512 tokens at a
// depth follows from those of reading 512 and depth + 512, as the cost of n tokens is a n + b n^2.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "fathom/base/result.h"

namespace fathom {

inline constexpr size_t kPrefillTokens = 512;
inline constexpr size_t kDecodeTokens = 32;

struct RivalSettings {
  std::vector<std::string> flash = {"0", "1"};        // flash attention off, on
  std::vector<std::string> caches = {"f16", "bf16"};  // types of keys and values
  size_t threads = 1;
  size_t rounds = 1;
};

struct RivalTimes {
  double prefill_s = 0;                   // of kPrefillTokens
  double decode_s = 0;                    // of a token
  std::string prefill_with, decode_with;  // "flash 1, bf16": the setting that was fastest
  std::string build;                      // the program's commit
  std::string note;                       // how, where not measured as it is
};

class Rival {
 public:
  // "PATH" or "NAME=PATH". Error: it does not run, or is no llama-bench.
  static Result<Rival> open(std::string_view text);

  const std::string& name() const { return name_; }

  // Error: the program failed, or what it printed is not understood.
  Result<RivalTimes> measure(const RivalSettings& settings, const std::string& model_path,
                             size_t depth) const;

 private:
  std::vector<std::string> arguments(const RivalSettings& settings, const std::string& model_path,
                                     const std::string& cache, size_t depth) const;

  std::string name_, program_;
  bool fills_depth_ = false;
};

// One run's result: an element of the JSON that llama-bench prints.
struct RivalRow {
  size_t prompt = 0, generated = 0;
  double seconds = 0;  // the best repetition
  std::string flash, cache, build;
};
Result<std::vector<RivalRow>> parse_rival_rows(std::string_view json);

// The time of kPrefillTokens behind `depth`, from those of reading as many, and depth + as many.
double prefill_at(size_t depth, double first_s, double all_s);

}  // namespace fathom
