#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "fathom/attention/key_chunks.h"
#include "fathom/attention/key_index.h"
#include "fathom/attention/test_patterns.h"

namespace fathom {
namespace {

constexpr size_t kTokens = 211;
constexpr AttentionShape kShape = {.heads = 6, .kv_heads = 2, .head_dim = 32, .context = kTokens};
constexpr size_t kQueryCols = kShape.heads * kShape.head_dim;
constexpr size_t kKeyCols = kShape.kv_heads * kShape.head_dim;

struct Parameters {
  int64_t block, keep, local, first, chunk;
  std::string spec() const {
    return "dhsa(block=" + std::to_string(block) + ", keep=" + std::to_string(keep) +
           ", local=" + std::to_string(local) + ", first=" + std::to_string(first) +
           ", chunk=" + std::to_string(chunk) + ")";
  }
};
constexpr Parameters kCases[] = {{32, 40, 32, 8, 8}, {64, 33, 70, 3, 5}, {48, 20, 10, 1, 1},
                                 {16, 0, 1, 0, 16},  {1, 7, 2, 2, 1},    {128, 1024, 128, 128, 16}};

struct Text {
  std::vector<float> queries, keys;
};

// Keys whose mean drifts, so that some chunks are much alike and some are not.
Text make_text() {
  std::mt19937 random(17);
  std::normal_distribution<float> normal;
  Text text;
  for (size_t i = 0; i < kTokens * kQueryCols; ++i) text.queries.push_back(normal(random) + 0.2f);
  std::vector<float> mean(kKeyCols);
  for (size_t t = 0; t < kTokens; ++t) {
    for (float& x : mean) {
      if (t % 11 == 0) x = normal(random);
      text.keys.push_back(x + normal(random) / 4);
    }
  }
  return text;
}

// The paper's selection, in double: every token before the queries [begin, end) has its chunk's
// score, and the `keep` highest are seen.
std::vector<bool> keys_by_hand(const Text& text, const Parameters& p, int64_t begin, int64_t end) {
  KeyChunks chunks(kShape.kv_heads, kShape.head_dim, p.chunk, p.block);
  chunks.append({text.keys.data(), static_cast<size_t>(end), kKeyCols});
  const std::span<const int64_t> begins = chunks.begins();
  std::vector<double> query(kShape.head_dim);
  for (auto q = static_cast<size_t>(begin); q < static_cast<size_t>(end); ++q)
    for (size_t c = 0; c < kQueryCols; ++c)
      query[c % kShape.head_dim] += text.queries[q * kQueryCols + c] / double(kShape.heads);
  const auto queries = static_cast<double>(end - begin);
  std::vector<int64_t> tokens;  // that may be chosen
  std::vector<double> score(static_cast<size_t>(begin));
  int64_t open = 0;
  for (size_t i = 0; i + 1 < begins.size() && begins[i + 1] <= begin; ++i) {
    double sum = 0;
    for (auto t = static_cast<size_t>(begins[i]); t < static_cast<size_t>(begins[i + 1]); ++t)
      for (size_t c = 0; c < kKeyCols; ++c)
        sum += query[c % kShape.head_dim] / std::sqrt(queries) * text.keys[t * kKeyCols + c] /
               double(kShape.kv_heads);
    open = begins[i + 1];
    for (int64_t t = begins[i]; t < open; ++t) {
      score[static_cast<size_t>(t)] = sum / std::sqrt(static_cast<double>(open - begins[i]));
      if (t >= p.first) tokens.push_back(t);
    }
  }
  std::ranges::sort(tokens, {}, [&](int64_t t) {
    return std::pair(-score[static_cast<size_t>(t)], t);  // chunks have different scores
  });
  std::vector<bool> seen(static_cast<size_t>(end));
  for (size_t i = 0; i < tokens.size() && i < static_cast<size_t>(p.keep); ++i)
    seen[static_cast<size_t>(tokens[i])] = true;
  for (int64_t t = open; t < begin; ++t) seen[static_cast<size_t>(t)] = true;
  for (int64_t t = 0; t < std::min(p.first, end); ++t) seen[static_cast<size_t>(t)] = true;
  return seen;
}

// The steps of a sequence: what the queries of each call see.
class Steps {
 public:
  Steps(const Text& text, const std::string& spec)
      : text_(text), index_(pattern_of(spec)->index(kShape)) {}

  PatternPtr next(size_t tokens) {
    const ConstMatrix<float> keys(text_.keys.data() + done_ * kKeyCols, tokens, kKeyCols);
    const AttentionCall call{
        .compute = &compute_,
        .queries = {text_.queries.data() + done_ * kQueryCols, tokens, kQueryCols},
        .positions = {{static_cast<int64_t>(done_)}, {static_cast<int64_t>(done_ + tokens)}},
        .cache = {}};
    index_->append(compute_, keys, keys);
    index_->prepare(call);
    done_ += tokens;
    PatternPtr chosen = index_->choose(call, 0);
    for (size_t head = 1; head < kShape.heads; ++head)
      EXPECT_EQ(index_->choose(call, head), chosen) << "heads share what they see";
    return chosen;
  }
  size_t done() const { return done_; }

 private:
  const Text& text_;
  ThreadPool pool_{2};
  Compute compute_{.pool = &pool_};
  std::unique_ptr<KeyIndex> index_;
  size_t done_ = 0;
};

// Calls cut blocks of queries wherever they end.
void expect_paper(const Text& text, const Parameters& p, size_t step) {
  Steps steps(text, p.spec());
  while (steps.done() < kTokens) {
    auto begin = static_cast<int64_t>(steps.done());
    const PatternPtr chosen = steps.next(std::min(step, kTokens - steps.done()));
    const auto call_end = static_cast<int64_t>(steps.done());
    while (begin < call_end) {
      const int64_t end = std::min((begin / p.block + 1) * p.block, call_end);
      const std::vector<bool> listed = keys_by_hand(text, p, begin, end);
      for (int64_t q = begin; q < end; ++q)
        for (int64_t k = 0; k <= q; ++k)
          ASSERT_EQ(chosen->sees({q}, {k}), q - k < p.local || listed[static_cast<size_t>(k)])
              << p.spec() << " in calls of " << step << ": query " << q << ", key " << k;
      begin = end;
    }
  }
}

TEST(Dhsa, IsThePapersSelection) {
  const Text text = make_text();
  for (const Parameters& p : kCases)
    for (const size_t step : {size_t{1}, size_t{50}, size_t{64}, kTokens})
      ASSERT_NO_FATAL_FAILURE(expect_paper(text, p, step));
}

TEST(Dhsa, ChoosesAlikeInCallsOfWholeBlocks) {
  const Text text = make_text();
  for (const int64_t block : {4, 16, 32}) {
    const std::string spec = Parameters{block, 30, 5, 3, 4}.spec();
    const PatternPtr whole = Steps(text, spec).next(kTokens);
    Steps steps(text, spec);
    while (steps.done() < kTokens) {
      const auto begin = static_cast<int64_t>(steps.done());
      const PatternPtr part = steps.next(std::min<size_t>(64, kTokens - steps.done()));
      for (auto q = begin; q < static_cast<int64_t>(steps.done()); ++q)
        for (int64_t k = 0; k <= q; ++k) ASSERT_EQ(part->sees({q}, {k}), whole->sees({q}, {k}));
    }
  }
}

// All that is before the block, if it is no more than `keep`; else exactly so much.
TEST(Dhsa, KeepsAsManyAsItSays) {
  const Text text = make_text();
  for (const int64_t keep : {0, 1, 17, 64, 1000}) {
    const PatternPtr chosen = Steps(text, Parameters{32, keep, 1, 4, 8}.spec()).next(kTokens);
    for (int64_t q = 0; q < static_cast<int64_t>(kTokens); ++q) {
      const int64_t before = std::max<int64_t>(0, q / 32 * 32 - 4);
      int64_t seen = 0;
      for (int64_t k = 4; k < q / 32 * 32; ++k) seen += chosen->sees({q}, {k}) ? 1 : 0;
      ASSERT_EQ(seen, std::min(keep, before));
    }
  }
}

// Blocks of one chunk each, with equal keys: the latest is kept whole, and the one before it as far
// as keys are left.
TEST(Dhsa, PrefersLaterChunksAndTheirFirstTokens) {
  Text text = make_text();
  std::ranges::fill(text.keys, 1.0f);
  const PatternPtr chosen = Steps(text, Parameters{16, 24, 1, 2, 16}.spec()).next(kTokens);
  for (int64_t k = 0; k < 64; ++k)
    EXPECT_EQ(chosen->sees({70}, {k}), k < 2 || (32 <= k && k < 40) || 48 <= k) << k;
}

TEST(Dhsa, MightSeeEveryKey) {
  const PatternPtr pattern = pattern_of("dhsa");
  EXPECT_TRUE(pattern->sees({1'000'000}, {500'000}));
  EXPECT_EQ(pattern->cover({{64}, {128}}, {{0}, {64}}), Coverage::partial);
}

}  // namespace
}  // namespace fathom
