// What the suites compute on: random numbers that are sane, and a reference that notices an error.
#include <cmath>
#include <tuple>

#include <gtest/gtest.h>

#include "fathom/attention/spec.h"
#include "fathom/bench/attention_problem.h"
#include "fathom/bench/matmul.h"
#include "fathom/bench/peak_memory.h"
#include "fathom/bench/synthetic_weights.h"
#include "fathom/quant/decode.h"

namespace fathom {
namespace {

AttentionBench small_bench(std::string_view pattern) {
  AttentionBench bench;
  bench.heads = 4;
  bench.kv_heads = 2;
  bench.pattern = parse_pattern(pattern).value();
  return bench;
}

// The bound is for sums of some hundred terms in f32.
TEST(AttentionProblem, ErrorIsThatOfThePrecision) {
  ThreadPool pool(2);
  Compute compute;
  compute.operand = Operand::f32;
  compute.pool = &pool;
  for (const char* pattern : {"full", "window(size=40)"}) {
    AttentionProblem problem(small_bench(pattern), {.operand = Operand::f32}, 32, 70, 130, 2);
    EXPECT_DOUBLE_EQ(problem.error(), 1) << "nothing was computed";
    for (const size_t copy : {0, 1}) {
      problem.attend_once(compute, copy);
      EXPECT_LT(problem.error(), 1e-5) << pattern;
    }
  }
}

// Random numbers in 4 bits are off by a tenth of their size, in 8 by a hundredth.
TEST(AttentionProblem, ReadsBlocksAsTheyAreStored) {
  ThreadPool pool(2);
  Compute compute;
  compute.pool = &pool;
  for (const size_t tokens : {1, 70}) {
    for (const auto& [type, least, most] :
         {std::tuple(KvType::bf16, 1e-3, 1e-2), std::tuple(KvType::q8, 5e-3, 3e-2),
          std::tuple(KvType::q4, 5e-2, 0.3)}) {
      const KvFormat format{.operand = Operand::bf16, .keys = type, .values = type};
      AttentionProblem problem(small_bench("full"), format, 32, tokens, 640, 2);
      for (const size_t copy : {0, 1}) {
        problem.attend_once(compute, copy);
        EXPECT_GT(problem.error(), least) << name(type);
        EXPECT_LT(problem.error(), most) << name(type);
      }
    }
  }
}

TEST(AttentionProblem, CountsScoredPairs) {
  ThreadPool pool(1);
  Compute compute;
  compute.pool = &pool;
  AttentionProblem problem(small_bench("full"), {.operand = compute.operand}, 16, 3, 10, 1);
  problem.attend_once(compute, 0);
  EXPECT_EQ(problem.pairs(), 11u + 12u + 13u);
  EXPECT_DOUBLE_EQ(problem.flops(), 4.0 * 16 * 4 * 36);
}

TEST(SyntheticWeights, AreFiniteAndDiffer) {
  for (const DTypeInfo& type : all_dtypes()) {
    const SyntheticWeights weights(type.type, 3, 512, 2);
    std::vector<float> row(512);
    for (const size_t copy : {0, 1}) {
      decoder(type.type, Isa::portable)(weights.copy(copy).data, row.data(), row.size());
      double sum = 0, squares = 0;
      for (const float x : row) {
        ASSERT_TRUE(std::isfinite(x)) << type.name;
        sum += x;
        squares += x * x;
      }
      EXPECT_GT(squares, sum * sum / 512) << type.name;
      EXPECT_LT(squares, 512 * 1e4) << type.name;  // scales of scales make some large
    }
  }
}

TEST(MatmulBench, ShapesAreRowsByColumns) {
  EXPECT_EQ(parse_shape("1536x576").value(), (MatmulShape{1536, 576}));
  for (const char* text : {"", "x", "3x", "x3", "3", "3x4x5", "0x4", "-1x4", "3x4 ", "9999999x4"})
    EXPECT_FALSE(parse_shape(text).ok()) << text;
}

TEST(PeakMemory, SeesWhatIsHeld) {
  reset_peak_memory();
  const size_t before = peak_memory();
  constexpr size_t kBytes = size_t{64} << 20;
  std::vector<char> held(kBytes, 1);
  EXPECT_GE(peak_memory(), before + kBytes / 2);
  EXPECT_EQ(held.back(), 1);
}

}  // namespace
}  // namespace fathom
