#include <algorithm>
#include <string>

#include "fathom/attention/test_indices.h"

namespace fathom {
namespace {

constexpr size_t kTokens = 1000;
constexpr size_t kPrompt = 130;

double rounded(float x, Operand operand) {
  return operand == Operand::f32 ? x : to_float(to_bf16(x));
}

// The pages that the query at `position` sees, by the definition, of operands as the cache has
// them.
std::vector<size_t> best(const Problem& p, Operand operand, size_t head, size_t keep,
                         size_t position) {
  const size_t own = position / kBlock;
  std::vector<std::pair<double, size_t>> bounds;
  for (size_t page = 0; page < own; ++page) {
    double bound = 0;
    for (size_t d = 0; d < p.head_dim; ++d) {
      const double q = rounded(p.q[(position * p.heads + head) * p.head_dim + d], operand);
      double most = -INFINITY;
      for (size_t t = page * kBlock; t < (page + 1) * kBlock; ++t)
        most =
            std::max(most, q * rounded(p.k[(t * p.kv_heads + head / 3) * p.head_dim + d], operand));
      bound += most;
    }
    bounds.emplace_back(bound, page);
  }
  std::ranges::sort(bounds, std::greater{});
  std::vector<size_t> pages = {own};
  for (size_t i = 0; i + 1 < keep && i < bounds.size(); ++i) pages.push_back(bounds[i].second);
  return pages;
}

void expect_best(size_t keep, Operand operand) {
  const Problem p = make_problem(kTokens, kTokens, 6, 2, 32, static_cast<uint32_t>(keep));
  IndexRun run("pages(keep=" + std::to_string(keep) + ")", p, operand);
  run.call(kPrompt);
  for (size_t q = kPrompt; q < kTokens; ++q) {
    const std::vector<PatternPtr> chosen = run.call(1);
    if (q % 7 != 0 && q % kBlock != 0 && q % kBlock != kBlock - 1) continue;
    for (size_t head = 0; head < p.heads; ++head) {
      const std::vector<size_t> want = best(p, operand, head, keep, q);
      for (size_t k = 0; k <= q; ++k)
        ASSERT_EQ(chosen[head]->sees({static_cast<int64_t>(q)}, {static_cast<int64_t>(k)}),
                  std::ranges::find(want, k / kBlock) != want.end())
            << name(operand) << ", head " << head << ", query " << q << ", key " << k;
    }
  }
}

TEST(Pages, AreTheQuerysOwnAndThoseWithTheBestBounds) {
  for (const size_t keep : {1, 2, 5}) {
    expect_best(keep, Operand::bf16);
    expect_best(keep, Operand::f32);
  }
}

TEST(Pages, AreAllSeenByQueriesThatComeTogether) {
  const Problem p = make_problem(400, 400, 6, 2, 32, 4);
  IndexRun run("pages(keep=1)", p, Operand::bf16);
  run.call(398);
  const PatternPtr chosen = run.call(2).front();
  for (int64_t k = 0; k < 399; ++k) EXPECT_TRUE(chosen->sees({398}, {k}));
}

// A page whose keys are all zeros, but for one element of one key, is found by that.
TEST(Pages, AreFoundByASingleKey) {
  Problem p = make_problem(600, 600, 2, 1, 32, 5);
  std::ranges::fill(p.k, 0.0f);
  p.k[200 * p.head_dim + 7] = -3;
  std::ranges::fill(p.q, -0.5f);
  IndexRun run("pages(keep=2)", p, Operand::bf16);
  run.call(599);
  const PatternPtr chosen = run.call(1).front();
  for (int64_t k = 0; k < 600; ++k)
    EXPECT_EQ(chosen->sees({599}, {k}), k / 64 == 9 || k / 64 == 3) << k;
}

}  // namespace
}  // namespace fathom
