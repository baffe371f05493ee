// Patterns through the planner and the real kernel, against masked attention in double precision
// that asks sees() of every pair.
#include <algorithm>
#include <memory>

#include "fathom/attention/pattern_map.h"
#include "fathom/attention/planner.h"
#include "fathom/attention/test_patterns.h"
#include "fathom/kernels/attend_twin.h"

namespace fathom {
namespace {

constexpr size_t kHeads = 6;
constexpr size_t kKvHeads = 2;
constexpr size_t kHeadDim = 32;

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

// A plan with a mask for every block, bit by bit from sees().
BlockPlan plan_by_hand(const Pattern& pattern, size_t tokens) {
  BlockPlan plan;
  plan.queries = tokens;
  for (size_t q = 0; q < tokens; q += kBlock) {
    for (size_t k = 0; k <= q; k += kBlock) {
      BlockMask mask;
      for (size_t i = 0; i < kBlock && q + i < tokens; ++i)
        for (size_t j = 0; j < kBlock && k + j <= q + i; ++j)
          if (pattern.sees({static_cast<int64_t>(q + i)}, {static_cast<int64_t>(k + j)}))
            mask.rows[i] |= uint64_t{1} << j;
      plan.runs.push_back(
          {static_cast<uint32_t>(k / kBlock), 1, static_cast<uint32_t>(plan.masks.size())});
      plan.masks.push_back(mask);
    }
    plan.run_begin.push_back(static_cast<uint32_t>(plan.runs.size()));
  }
  return plan;
}

// Attention of all of p's queries in calls of up to `chunk`, each over the keys so far.
std::vector<float> attend_in_chunks(const Problem& p, const Cache& cache, const PatternMap& map,
                                    size_t chunk, const Compute& compute) {
  const std::vector<PatternPtr> patterns = patterns_of_heads(map);
  std::vector<float> out(p.q.size(), NAN);
  const size_t width = kHeads * kHeadDim;
  for (size_t begin = 0; begin < p.queries; begin += chunk) {
    const size_t end = std::min(p.queries, begin + chunk);
    std::vector<std::unique_ptr<BlockPlan>> plans;
    std::vector<const BlockPlan*> plan_of_head;
    for (size_t head = 0; head < kHeads; ++head) {
      const auto same = std::ranges::find(patterns, patterns[head]) - patterns.begin();
      if (static_cast<size_t>(same) < head) {
        plan_of_head.push_back(plan_of_head[static_cast<size_t>(same)]);
        continue;
      }
      plans.push_back(std::make_unique<BlockPlan>(plan_blocks(
          *patterns[head], {.queries = {{static_cast<int64_t>(begin)}, {static_cast<int64_t>(end)}},
                            .keys = {{0}, {static_cast<int64_t>(end)}}})));
      plan_of_head.push_back(plans.back().get());
    }
    attend(compute, {.queries = {p.q.data() + begin * width, end - begin, width},
                     .out = {out.data() + begin * width, end - begin, width},
                     .head_dim = kHeadDim,
                     .scale = p.scale,
                     .kv_heads = cache.views(),
                     .plan_of_head = plan_of_head});
  }
  return out;
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
  std::vector<BlockPlan> by_hand;
  for (const PatternPtr& pattern : patterns_of_heads(*map))
    by_hand.push_back(plan_by_hand(*pattern, p.queries));
  std::vector<const BlockPlan*> pointers;
  pointers.reserve(by_hand.size());
  for (const BlockPlan& plan : by_hand) pointers.push_back(&plan);
  const Reference want = attend_reference(p, cache, pointers, operand);
  const Compute compute{.operand = operand, .pool = &pool};
  const std::vector<float> whole = attend_in_chunks(p, cache, *map, p.queries, compute);
  EXPECT_LE(difference(whole, want), tolerance(operand)) << spec;
  for (const size_t chunk : {size_t{1}, size_t{50}, size_t{64}, size_t{128}})
    EXPECT_LE(difference(attend_in_chunks(p, cache, *map, chunk, compute), want),
              tolerance(operand))
        << spec << " in chunks of " << chunk;
}

TEST(AttendPatterns, EveryPatternIsMaskedAttention) {
  for (const std::string_view spec : all_specs()) expect_exact(spec, Operand::f32);
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

// Chunks that end where blocks do cut no block, and cost no bit.
TEST(AttendPatterns, ChunksOfWholeBlocksGiveEqualBits) {
  ThreadPool pool(2);
  const Problem p = make_problem(300, 300, kHeads, kKvHeads, kHeadDim, 4);
  const Cache cache(p, Operand::bf16);
  const Compute compute{.operand = Operand::bf16, .pool = &pool};
  for (const std::string_view spec : {"full", "strided(stride=7) | window(size=90)",
                                      "multiscale(windows=[3, 70]); heads 5: bigbird"}) {
    const PatternMap map = *parse_attention(spec);
    EXPECT_EQ(attend_in_chunks(p, cache, map, 128, compute),
              attend_in_chunks(p, cache, map, p.queries, compute))
        << spec;
  }
}

}  // namespace
}  // namespace fathom
