#include <algorithm>
#include <string>

#include "fathom/attention/test_indices.h"

namespace fathom {
namespace {

constexpr size_t kTokens = 500;

Problem problem(uint32_t seed) { return make_problem(kTokens, kTokens, 6, 2, 32, seed); }

// The mean of rows [begin, end) of a [tokens, width] matrix at one head's columns.
std::vector<double> mean_of(const std::vector<float>& x, size_t width, size_t first, size_t dim,
                            size_t begin, size_t end) {
  std::vector<double> mean(dim);
  for (size_t t = begin; t < end; ++t)
    for (size_t d = 0; d < dim; ++d)
      mean[d] += x[t * width + first + d] / static_cast<double>(end - begin);
  return mean;
}

// The blocks that queries [begin, end) of one block see, by the definition.
std::vector<size_t> best(const Problem& p, size_t head, size_t block, size_t keep, size_t begin,
                         size_t end) {
  const size_t own = begin / block;
  const auto query = mean_of(p.q, p.heads * p.head_dim, head * p.head_dim, p.head_dim, begin, end);
  std::vector<std::pair<double, size_t>> scored;
  for (size_t b = 0; b < own; ++b) {
    const auto key = mean_of(p.k, p.kv_heads * p.head_dim, head / 3 * p.head_dim, p.head_dim,
                             b * block, (b + 1) * block);
    double score = 0;
    for (size_t d = 0; d < p.head_dim; ++d) score += query[d] * key[d];
    scored.emplace_back(score, b);
  }
  std::ranges::sort(scored, std::greater{});
  std::vector<size_t> blocks = {own};
  for (size_t i = 0; i + 1 < keep && i < scored.size(); ++i) blocks.push_back(scored[i].second);
  return blocks;
}

void expect_best(size_t block, size_t keep, size_t chunk) {
  const Problem p = problem(static_cast<uint32_t>(block));
  IndexRun run(
      "topk_blocks(block=" + std::to_string(block) + ", keep=" + std::to_string(keep) + ")", p,
      Operand::bf16);
  for (size_t at = 0; at < kTokens; at += chunk) {
    const size_t call_end = std::min(kTokens, at + chunk);
    const std::vector<PatternPtr> chosen = run.call(call_end - at);
    for (size_t head = 0; head < p.heads; ++head) {
      for (size_t begin = at, end = 0; begin < call_end; begin = end) {
        end = std::min(call_end, (begin / block + 1) * block);
        const std::vector<size_t> want = best(p, head, block, keep, begin, end);
        for (size_t q = begin; q < end; ++q)
          for (size_t k = 0; k <= q; ++k)
            ASSERT_EQ(chosen[head]->sees({static_cast<int64_t>(q)}, {static_cast<int64_t>(k)}),
                      std::ranges::find(want, k / block) != want.end())
                << "blocks of " << block << ", chunks of " << chunk << ", head " << head
                << ", query " << q << ", key " << k;
      }
    }
  }
}

TEST(TopkBlocks, SeeTheirOwnBlockAndTheBestBefore) {
  for (const size_t chunk : {size_t{1}, size_t{50}, size_t{64}, kTokens}) expect_best(16, 4, chunk);
  expect_best(64, 3, 128);
  expect_best(63, 1, 100);
  expect_best(1, 9, 37);
}

// More blocks of means than a packed key block holds, and of queries than are scored at once.
TEST(TopkBlocks, ChooseAmongManyBlocks) { expect_best(3, 20, kTokens); }

TEST(TopkBlocks, SeeAllWhileThereAreNoMoreThanKept) {
  const Problem p = problem(1);
  IndexRun run("topk_blocks(block=64, keep=8)", p, Operand::bf16);
  const std::vector<PatternPtr> chosen = run.call(kTokens);
  for (int64_t k = 0; k < 500; ++k) EXPECT_TRUE(chosen[5]->sees({499}, {k}));
}

TEST(TopkBlocks, PreferTheLaterOfEqualBlocks) {
  Problem p = problem(2);
  std::ranges::fill(p.k, 0.0f);
  IndexRun run("topk_blocks(block=10, keep=3)", p, Operand::bf16);
  const PatternPtr chosen = run.call(kTokens).front();
  for (int64_t q = 0; q < 500; ++q)
    for (int64_t k = 0; k <= q; ++k) EXPECT_EQ(chosen->sees({q}, {k}), q / 10 - k / 10 < 3);
}

TEST(TopkBlocks, CallsThatCutNoBlockChooseTheSame) {
  const Problem p = problem(3);
  IndexRun whole("topk_blocks(block=32, keep=4)", p, Operand::bf16);
  IndexRun parts("topk_blocks(block=32, keep=4)", p, Operand::bf16);
  const std::vector<PatternPtr> want = whole.call(kTokens);
  for (size_t at = 0; at < kTokens; at += 96) {
    const size_t end = std::min(kTokens, at + 96);
    const std::vector<PatternPtr> got = parts.call(end - at);
    for (size_t head = 0; head < p.heads; ++head)
      EXPECT_TRUE(agree(*got[head], *want[head], at, end)) << "head " << head << " from " << at;
  }
}

}  // namespace
}  // namespace fathom
