// The suite `model`: a whole model at depths of context, beside its floor and other engines.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fathom/attention/pattern_map.h"
#include "fathom/base/result.h"
#include "fathom/bench/figure.h"
#include "fathom/bench/rival.h"
#include "fathom/engine/engine.h"

namespace fathom {

// How the cache gets to a depth: by reading as many tokens, which takes as long as it does, or with
// random numbers, on which no step's time depends.
enum class Fill : uint8_t { random, read };
inline constexpr std::array kFills = {Fill::random, Fill::read};
std::string_view name(Fill fill);

struct ModelBench {
  std::vector<size_t> depths = {0, 4096, 32768};
  size_t rounds = 3;  // the best counts
  Fill fill = Fill::random;
  PatternMap attention;  // within what the layers see by themselves
  KvSpec kv;             // its types alone
  double seconds = 0.3;  // a ceiling
  std::vector<Rival> rivals;
  RivalSettings rival;  // threads and rounds are the suite's own
};

// At each depth: `prefill`, the rate of reading kPrefillTokens; `decode`, the time of a token,
// over kDecodeTokens; `memory`, what the process held at its peak. The floor of a prefill is its
// operations at the peak rate of their operands, that of decoding its bytes at the memory's
// bandwidth. Then the same of each rival, with how many times as fast Fathom is. Error: memory ran
// out, a rival failed.
Status bench_model(const Engine& engine, const ModelBench& bench, const FigureFn& each);

}  // namespace fathom
