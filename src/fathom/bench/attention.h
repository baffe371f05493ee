// The suites `attention` and `decode`: attend() alone, on random queries, keys and values.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "fathom/attention/pattern.h"
#include "fathom/base/result.h"
#include "fathom/bench/ceilings.h"
#include "fathom/bench/figure.h"
#include "fathom/kv/cache.h"

namespace fathom {

inline constexpr std::array kOperands = {Operand::bf16, Operand::f32, Operand::int8};

// How whole blocks of a cache are stored, if not as the operand has them.
struct KvTypes {
  std::optional<KvType> keys;
  std::optional<KvType> values;
};

struct AttentionBench {
  std::vector<size_t> head_dims = {64, 128, 256};
  std::vector<size_t> depths;  // tokens before the chunk
  std::vector<Operand> operands = {Compute{}.operand};
  std::vector<KvTypes> kv = {{}};
  size_t tokens = 512;  // in the chunk
  size_t heads = 9;
  size_t kv_heads = 3;
  PatternPtr pattern;  // what a query sees; required
};

// Error: shapes, types of a cache, or an operand on this instruction set, that attend() does not
// take.
Status check(const AttentionBench& bench, Isa isa);

// A causal chunk at each depth, its planning included, in GFLOP/s: 4 * head_dim for each scored
// pair and head. The ceiling is the operand's peak.
void bench_attention(const BenchRun& run, const AttentionBench& bench, const FigureFn& each);

// One query as in decoding, that sees `depth` keys before its own, in GB/s of keys and values. They
// come from memory, as they do where a model's weights have passed in between, and its bandwidth is
// the ceiling.
void bench_decode(const BenchRun& run, const AttentionBench& bench, const FigureFn& each);

}  // namespace fathom
