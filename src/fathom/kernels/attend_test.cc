#include "fathom/kernels/attend.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "fathom/kernels/attend_twin.h"

namespace fathom {
namespace {

// The last query sees every key, the one before it all but one, ...
BlockPlan causal_plan(size_t queries, size_t keys) {
  BlockPlan plan;
  plan.queries = queries;
  for (size_t q = 0; q < queries; q += kBlock) {
    for (size_t b = 0; b * kBlock < keys; ++b) {
      BlockMask mask;
      bool any = false;
      bool all = true;
      for (size_t i = 0; i < kBlock; ++i) {
        for (size_t j = 0; j < kBlock; ++j) {
          const bool sees = q + i < queries && b * kBlock + j + queries <= keys + q + i;
          any |= sees;
          all &= sees || q + i >= queries;
          if (sees) mask.rows[i] |= uint64_t{1} << j;
        }
      }
      const auto block = static_cast<uint32_t>(b);
      if (all) {
        plan.runs.push_back({block, 1, KeyRun::kFull});
      } else if (any) {
        plan.runs.push_back({block, 1, static_cast<uint32_t>(plan.masks.size())});
        plan.masks.push_back(mask);
      }
    }
    plan.run_begin.push_back(static_cast<uint32_t>(plan.runs.size()));
  }
  return plan;
}

// Holes, full runs and masked runs at random; in masks, rows that see nothing, rows that see all,
// and rows at random.
BlockPlan random_plan(size_t queries, size_t keys, uint32_t seed) {
  std::mt19937 random(seed);
  BlockPlan plan;
  plan.queries = queries;
  const auto blocks = static_cast<uint32_t>((keys + kBlock - 1) / kBlock);
  for (size_t q = 0; q < queries; q += kBlock) {
    for (uint32_t b = 0; b < blocks;) {
      uint32_t count = std::min(1 + static_cast<uint32_t>(random() % 3), blocks - b);
      const uint32_t kind = random() % 3;
      if (kind == 1 && (b + count) * kBlock <= keys) {
        plan.runs.push_back({b, count, KeyRun::kFull});
      } else if (kind == 2) {
        if ((b + count) * kBlock > keys) count = 1;
        const size_t valid = std::min<size_t>(kBlock, keys - b * kBlock);
        BlockMask mask;
        for (uint64_t& row : mask.rows) {
          const uint32_t fill = random() % 4;
          row = fill == 0 ? 0 : fill == 1 ? ~uint64_t{0} : uint64_t{random()} << 32 | random();
          if (fill == 2) row &= uint64_t{random()} << 32 | random();
          if (valid < kBlock) row &= (uint64_t{1} << valid) - 1;
        }
        plan.runs.push_back({b, count, static_cast<uint32_t>(plan.masks.size())});
        plan.masks.push_back(mask);
      }
      b += count;
    }
    plan.run_begin.push_back(static_cast<uint32_t>(plan.runs.size()));
  }
  return plan;
}

std::vector<float> run_attend(const Problem& p, const Cache& cache,
                              const std::vector<const BlockPlan*>& plans, Isa isa, Operand operand,
                              ThreadPool& pool) {
  const size_t width = p.heads * p.head_dim;
  std::vector<float> out(p.q.size(), NAN);
  AttendArgs args;
  args.queries = {p.q.data(), p.queries, width};
  args.out = {out.data(), p.queries, width};
  args.head_dim = p.head_dim;
  args.scale = p.scale;
  const std::vector<AttendPart> parts = parts_of(cache.views(), plans, operand);
  args.parts = parts;
  attend({.isa = isa, .operand = operand, .pool = &pool}, args);
  return out;
}

// The largest difference as a share of what the element is a sum of; NaN if there is one.
double difference(const std::vector<float>& got, const Reference& want) {
  double largest = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    const double off = std::abs(double{got[i]} - want.out[i]);
    const double d = off == 0 ? 0 : off / want.size[i];
    if (!(d <= largest)) largest = d;
  }
  return largest;
}

// f32: scores of a few units, summed over up to 256 products, are off by up to some 1e-6, and so
// are their powers. Operands given as rounded: a weight is rounded to bf16, by at most 2^-8, which
// moves the weighted mean by at most twice that, and the polynomial adds 7.5e-5.
double tolerance(Operand operand) { return operand == Operand::f32 ? 2e-5 : 0x1p-7 + 2e-4; }
// Against operands before rounding, of the largest value: scores are off by some 2^-9 of their size
// in bf16, and by some 2^-7 in 8 bits.
double rounding_tolerance(Operand operand) { return operand == Operand::bf16 ? 1.5e-2 : 0.1; }

struct Target {
  Isa isa;
  Operand operand;
};

class Attend : public testing::TestWithParam<Target> {
 protected:
  void check(const Problem& p, const std::vector<const BlockPlan*>& plans, const char* what) {
    const auto [isa, operand] = GetParam();
    const Cache cache(p, operand);
    const std::vector<float> got = run_attend(p, cache, plans, isa, operand, pool_);
    const Reference want = attend_reference(p, cache, plans, operand);
    SCOPED_TRACE(testing::Message()
                 << what << ": " << p.queries << " queries, " << p.keys << " keys, " << p.heads
                 << "/" << p.kv_heads << " heads of " << p.head_dim);
    EXPECT_LE(difference(got, want), tolerance(operand));
    if (operand != Operand::f32 && p.queries <= 65) {
      Reference exact = attend_reference(p, cache, plans, std::nullopt);
      std::ranges::fill(exact.size, p.largest_value() + 1e-30F);
      EXPECT_LE(difference(got, exact), rounding_tolerance(operand));
    }
  }
  ThreadPool pool_{2};
};

std::vector<Target> targets() {
  std::vector<Target> list;
  for (Isa isa : supported_isas())
    for (Operand operand : {Operand::bf16, Operand::f32, Operand::int8})
      if (operand != Operand::int8 || multiplies_bytes(isa)) list.push_back({isa, operand});
  return list;
}

TEST_P(Attend, HeadSizes) {
  for (size_t dim = 16; dim <= 256; dim += 16) {
    const Problem p = make_problem(66, 150, 3, 1, dim, static_cast<uint32_t>(dim));
    const BlockPlan plan = causal_plan(p.queries, p.keys);
    check(p, {&plan, &plan, &plan}, "causal");
  }
}

TEST_P(Attend, HeadsPerKvHead) {
  for (auto [heads, kv_heads] :
       {std::pair<size_t, size_t>{1, 1}, {4, 4}, {6, 2}, {5, 1}, {16, 1}}) {
    const Problem p = make_problem(33, 100, heads, kv_heads, 64, 7);
    const BlockPlan plan = causal_plan(p.queries, p.keys);
    check(p, std::vector(heads, &plan), "causal");
  }
}

TEST_P(Attend, LengthsAroundBlockEdges) {
  for (size_t queries : {0, 1, 2, 63, 64, 65, 130}) {
    for (size_t keys : {1, 2, 63, 64, 65, 128, 129, 192, 300}) {
      const auto seed = static_cast<uint32_t>(queries * 1000 + keys);
      const Problem p = make_problem(queries, keys, 2, 1, 32, seed);
      const BlockPlan some = random_plan(queries, keys, seed);
      check(p, {&some, &some}, "random");
      if (queries > keys) continue;
      const BlockPlan causal = causal_plan(queries, keys);
      check(p, {&causal, &causal}, "causal");
    }
  }
}

TEST_P(Attend, PlansPerHead) {
  const Problem p = make_problem(130, 300, 6, 2, 64, 3);
  const BlockPlan a = random_plan(p.queries, p.keys, 1);
  const BlockPlan b = random_plan(p.queries, p.keys, 2);
  const BlockPlan causal = causal_plan(p.queries, p.keys);
  check(p, {&a, &a, &causal, &b, &a, &b}, "three plans");
}

TEST_P(Attend, ManyRowsPerItem) {
  const Problem p = make_problem(64, 128, 16, 1, 32, 5);
  const BlockPlan plan = random_plan(p.queries, p.keys, 9);
  check(p, std::vector(16, &plan), "multi-query");
}

TEST_P(Attend, DecodesOverLongCache) {
  const Problem p = make_problem(1, 10000, 3, 1, 64, 11);
  const BlockPlan plan = causal_plan(p.queries, p.keys);
  check(p, {&plan, &plan, &plan}, "decode");
}

// Items of more than kBlock key blocks, of few rows and of many: means in 8 bits are taken anew.
TEST_P(Attend, ItemsOfManyBlocks) {
  for (const size_t queries : {1, 13}) {
    const Problem p = make_problem(queries, 4200, 16, 16, 64, 17);
    const BlockPlan plan = causal_plan(p.queries, p.keys);
    check(p, std::vector(16, &plan), "many blocks");
  }
}

// Scores in the hundreds, rising and falling along the keys: powers would overflow or all vanish
// without the running maximum.
TEST_P(Attend, LargeScores) {
  for (float size : {-1.0f, 1.0f}) {
    Problem p = make_problem(7, 1500, 2, 1, 64, 13);
    for (size_t i = 0; i < p.q.size(); ++i) p.q[i] = i % p.head_dim == 0 ? 40 : 0;
    for (size_t j = 0; j < p.keys; ++j) {
      const size_t step = j * 97 / p.keys;
      p.k[j * p.head_dim] = size * static_cast<float>(step) - 50;
    }
    p.scale = 1;
    const BlockPlan plan = causal_plan(p.queries, p.keys);
    check(p, {&plan, &plan}, "large scores");
  }
}

// The maximum rises in every span, and the tile before it, of the same few rows, still waits for
// its values.
TEST_P(Attend, LargeScoresOfFewRows) {
  for (const size_t heads : {1, 2, 3, 4, 6, 7}) {
    Problem p = make_problem(1, 1500, heads, 1, 64, 29);
    for (size_t i = 0; i < p.q.size(); ++i) p.q[i] = i % p.head_dim == 0 ? 40 : 0;
    for (size_t j = 0; j < p.keys; ++j)
      p.k[j * p.head_dim] = static_cast<float>(j * 97 / p.keys) - 50;
    p.scale = 1;
    const BlockPlan plan = causal_plan(p.queries, p.keys);
    check(p, std::vector(heads, &plan), "rising scores");
  }
}

TEST_P(Attend, AQueryThatIsNotANumberSpoilsItselfAlone) {
  const auto [isa, operand] = GetParam();
  Problem p = make_problem(9, 200, 2, 1, 64, 31);
  const BlockPlan plan = causal_plan(p.queries, p.keys);
  const Cache cache(p, operand);
  const std::vector<const BlockPlan*> plans(2, &plan);
  const std::vector<float> sound = run_attend(p, cache, plans, isa, operand, pool_);
  constexpr size_t kRow = 5;  // query 2, head 1
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    p.q[kRow * p.head_dim + 7] = bad;
    const std::vector<float> got = run_attend(p, cache, plans, isa, operand, pool_);
    for (size_t i = 0; i < got.size(); ++i) {
      if (i / p.head_dim == kRow) {
        EXPECT_FALSE(std::isfinite(got[i])) << i;
      } else {
        EXPECT_EQ(got[i], sound[i]) << i;
      }
    }
  }
}

TEST_P(Attend, WeightsOfEqualValuesAddUpToOne) {
  const auto [isa, operand] = GetParam();
  Problem p = make_problem(5, 777, 1, 1, 64, 17);
  std::fill(p.v.begin(), p.v.end(), 1.0f);
  const BlockPlan plan = causal_plan(p.queries, p.keys);
  const Cache cache(p, operand);
  for (float x : run_attend(p, cache, {&plan}, isa, operand, pool_)) EXPECT_NEAR(x, 1.0f, 1e-6);
}

TEST_P(Attend, ABatchIsEachSequenceAlone) {
  const auto [isa, operand] = GetParam();
  std::vector<Problem> problems;  // a chunk, two that decode, one of nothing, of two head sizes
  problems.push_back(make_problem(70, 200, 4, 2, 64, 1));
  problems.push_back(make_problem(1, 1500, 4, 2, 64, 2));
  problems.push_back(make_problem(1, 3, 6, 1, 48, 3));
  problems.push_back(make_problem(0, 64, 4, 2, 64, 4));
  std::vector<Cache> caches;
  std::vector<BlockPlan> plans;
  for (const Problem& p : problems) {
    caches.emplace_back(p, operand);
    plans.push_back(causal_plan(p.queries, p.keys));
  }
  std::vector<std::vector<AttendPart>> parts;
  std::vector<std::vector<float>> alone, together;
  std::vector<AttendArgs> batch;
  for (size_t i = 0; i < problems.size(); ++i) {
    const Problem& p = problems[i];
    const size_t width = p.heads * p.head_dim;
    const std::vector<const BlockPlan*> plan_of_head(p.heads, &plans[i]);
    parts.push_back(parts_of(caches[i].views(), plan_of_head, operand));
    alone.push_back(run_attend(p, caches[i], plan_of_head, isa, operand, pool_));
    together.emplace_back(p.q.size(), NAN);
    batch.push_back({.queries = {p.q.data(), p.queries, width},
                     .out = {together[i].data(), p.queries, width},
                     .head_dim = p.head_dim,
                     .scale = p.scale,
                     .parts = parts[i]});
  }
  attend({.isa = isa, .operand = operand, .pool = &pool_}, batch);
  EXPECT_EQ(together, alone);
}

TEST_P(Attend, SameBitsForAnyNumberOfThreads) {
  const auto [isa, operand] = GetParam();
  const Problem p = make_problem(70, 2500, 4, 2, 64, 19);
  const BlockPlan plan = random_plan(p.queries, p.keys, 23);
  const std::vector<const BlockPlan*> plans(4, &plan);
  const Cache cache(p, operand);
  ThreadPool one(1);
  const std::vector<float> want = run_attend(p, cache, plans, isa, operand, one);
  for (size_t threads : {2, 3, 5}) {
    ThreadPool pool(threads);
    for (int repeat = 0; repeat < 3; ++repeat)
      EXPECT_EQ(run_attend(p, cache, plans, isa, operand, pool), want) << threads << " threads";
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, Attend, testing::ValuesIn(targets()), [](const auto& test) {
  return std::string(name(test.param.isa)) + "_" + std::string(name(test.param.operand));
});

}  // namespace
}  // namespace fathom
