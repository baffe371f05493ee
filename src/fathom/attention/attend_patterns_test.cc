// Patterns through an attention layer, its planner and the real kernel, against masked attention in
// double precision that asks sees() of every pair.
#include <algorithm>
#include <memory>

#include "fathom/attention/attention_layer.h"
#include "fathom/attention/pattern_map.h"
#include "fathom/attention/test_patterns.h"
#include "fathom/kernels/attend_twin.h"

namespace fathom {
namespace {

constexpr size_t kHeads = 6;
constexpr size_t kKvHeads = 2;
constexpr size_t kHeadDim = 32;
constexpr int64_t kContext = 4096;

// Rounded operands and weights, as kernels/attend_test.cc derives it.
double tolerance(Operand operand) { return operand == Operand::f32 ? 2e-5 : 0x1p-7 + 2e-4; }

// A pattern for each head; equal ones are one pointer.
std::vector<PatternPtr> patterns_of_heads(const PatternMap& map) {
  std::vector<PatternPtr> patterns;
  for (size_t head = 0; head < kHeads; ++head) {
    PatternPtr pattern = map.pattern_for({.layer = 1, .head = head, .heads = kHeads});
    const auto same = std::ranges::find_if(
        patterns, [&](const PatternPtr& one) { return one->spec() == pattern->spec(); });
    patterns.push_back(same == patterns.end() ? std::move(pattern) : *same);
  }
  return patterns;
}

// Masks, [head][query][key], bit by bit from sees(), of what the patterns let queries see.
using Masks = std::vector<std::vector<std::vector<bool>>>;

// What heads of a layer of attention put out for p's queries, and what their patterns said.
struct Attended {
  std::vector<float> out;
  Masks masks{kHeads};
};

// All of p's tokens in calls of up to `chunk`, each over the keys so far.
Attended attend_in_chunks(const Problem& p, const Cache& cache, const PatternMap& map, size_t chunk,
                          const Compute& compute) {
  AttentionLayer layer({.heads = kHeads,
                        .kv_heads = kKvHeads,
                        .head_dim = kHeadDim,
                        .scale = p.scale,
                        .context = kContext,
                        .operand = compute.operand},
                       patterns_of_heads(map));
  SharedPlans shared(kContext);
  Attended result{std::vector<float>(p.q.size(), NAN)};
  const size_t width = kHeads * kHeadDim;
  const size_t kv_width = kKvHeads * kHeadDim;
  for (size_t begin = 0; begin < p.queries; begin += chunk) {
    const size_t count = std::min(chunk, p.queries - begin);
    layer.append(compute, {p.k.data() + begin * kv_width, count, kv_width},
                 {p.v.data() + begin * kv_width, count, kv_width});
    const AttentionCall call{
        .compute = &compute,
        .queries = {p.q.data() + begin * width, count, width},
        .positions = {{static_cast<int64_t>(begin)}, {static_cast<int64_t>(begin + count)}},
        .cache = cache.views()};
    shared.begin(call.positions);
    const AttentionLayer::Plans plans = layer.plan(call, shared);
    const AttentionCount counted =
        layer.attend(call, plans, std::nullopt, {result.out.data() + begin * width, count, width});
    uint64_t seen = 0;
    for (size_t head = 0; head < kHeads; ++head) {
      for (size_t q = begin; q < begin + count; ++q) {
        std::vector<bool>& row = result.masks[head].emplace_back(p.queries, false);
        for (size_t k = 0; k <= q; ++k)
          row[k] = plans.of_head[head]->pattern->sees({static_cast<int64_t>(q)},
                                                      {static_cast<int64_t>(k)});
        seen += static_cast<uint64_t>(std::ranges::count(row, true));
      }
    }
    EXPECT_EQ(counted.scored, seen);
  }
  return result;
}

// A plan with a mask for every block of the mask's.
BlockPlan plan_by_hand(const std::vector<std::vector<bool>>& mask) {
  BlockPlan plan;
  plan.queries = mask.size();
  for (size_t q = 0; q < mask.size(); q += kBlock) {
    for (size_t k = 0; k <= q; k += kBlock) {
      BlockMask bits;
      for (size_t i = 0; i < kBlock && q + i < mask.size(); ++i)
        for (size_t j = 0; j < kBlock && k + j < mask.size(); ++j)
          bits.rows[i] |= uint64_t{mask[q + i][k + j]} << j;
      plan.runs.push_back(
          {static_cast<uint32_t>(k / kBlock), 1, static_cast<uint32_t>(plan.masks.size())});
      plan.masks.push_back(bits);
    }
    plan.run_begin.push_back(static_cast<uint32_t>(plan.runs.size()));
  }
  return plan;
}

// The largest difference as a share of what the element is a sum of.
double difference(const std::vector<float>& got, const Reference& want) {
  double largest = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    const double off = std::abs(double{got[i]} - want.out[i]);
    const double share = off == 0 ? 0 : off / want.size[i];
    if (!(share <= largest)) largest = share;
  }
  return largest;
}

void expect_exact(std::string_view spec, Operand operand) {
  ThreadPool pool(2);
  const auto map = parse_attention(spec);
  ASSERT_TRUE(map.ok()) << map.error().message;
  const Problem p = make_problem(211, 211, kHeads, kKvHeads, kHeadDim, 3);
  const Cache cache(p, operand);
  const Compute compute{.operand = operand, .pool = &pool};
  for (const size_t chunk : {p.queries, size_t{1}, size_t{50}, size_t{64}, size_t{128}}) {
    const Attended got = attend_in_chunks(p, cache, *map, chunk, compute);
    std::vector<BlockPlan> by_hand;
    for (const auto& mask : got.masks) by_hand.push_back(plan_by_hand(mask));
    std::vector<const BlockPlan*> pointers;
    pointers.reserve(by_hand.size());
    for (const BlockPlan& plan : by_hand) pointers.push_back(&plan);
    const Reference want = attend_reference(p, cache, pointers, operand);
    EXPECT_LE(difference(got.out, want), tolerance(operand)) << spec << " in chunks of " << chunk;
  }
}

TEST(AttendPatterns, EveryPatternIsMaskedAttention) {
  for (const std::string_view spec : joinable_specs()) expect_exact(spec, Operand::f32);
}

TEST(AttendPatterns, HeadsOfAGroupMayDiffer) {
  for (const std::string_view spec :
       {"window(size=40); heads 0,4: full; heads 1: strided(stride=9) | sinks",
        "heads 0-2: streaming(window=20); odd heads 5: every(step=5) & dilated(size=30, gap=5)",
        "multiscale(windows=[3, 70, 150]); 1 heads 3: bigbird(block=16)",
        "multiscale(windows=[1, 2, 3, 5, 64, 200])"}) {
    expect_exact(spec, Operand::f32);
    expect_exact(spec, Operand::bf16);
  }
}

// Where keys are in 8 bits, those of other orders are copied in bf16.
TEST(AttendPatterns, OrdersJoinAnyCache) {
  if (!multiplies_bytes(best_isa())) GTEST_SKIP() << "no products of bytes";
  ThreadPool pool(2);
  const Problem p = make_problem(211, 211, kHeads, kKvHeads, kHeadDim, 3);
  const PatternMap map = *parse_attention("window(size=20) | strided(stride=7) | every(step=9)");
  const Compute bytes{.operand = Operand::int8, .pool = &pool};
  const Compute floats{.operand = Operand::f32, .pool = &pool};
  const Attended got = attend_in_chunks(p, Cache(p, Operand::int8), map, 64, bytes);
  const Attended want = attend_in_chunks(p, Cache(p, Operand::f32), map, 64, floats);
  EXPECT_EQ(got.masks, want.masks);
  for (size_t i = 0; i < got.out.size(); ++i)
    EXPECT_NEAR(got.out[i], want.out[i], 0.1 * p.largest_value());
}

// Chunks that end where blocks do cut no block, and cost no bit.
TEST(AttendPatterns, ChunksOfWholeBlocksGiveEqualBits) {
  ThreadPool pool(2);
  const Problem p = make_problem(300, 300, kHeads, kKvHeads, kHeadDim, 4);
  const Cache cache(p, Operand::bf16);
  const Compute compute{.operand = Operand::bf16, .pool = &pool};
  for (const std::string_view spec :
       {"full", "random(block=20) | window(size=90)", "every(step=3) | window(size=9)",
        "multiscale(windows=[3, 70]); heads 5: bigbird"}) {
    const PatternMap map = *parse_attention(spec);
    EXPECT_EQ(attend_in_chunks(p, cache, map, 128, compute).out,
              attend_in_chunks(p, cache, map, p.queries, compute).out)
        << spec;
  }
}

}  // namespace
}  // namespace fathom
