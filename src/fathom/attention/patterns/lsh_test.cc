// lsh against its definition, round by round: lists of each bucket's keys, cut into chunks.
#include <algorithm>

#include "fathom/attention/angular_hash.h"
#include "fathom/attention/planned_grid.h"
#include "fathom/attention/test_indices.h"

namespace fathom {
namespace {

struct Settings {
  size_t rounds;
  uint32_t buckets;
  size_t chunk;
  int64_t seed;
  bool shared;
  std::string spec() const {
    return "lsh(rounds=" + std::to_string(rounds) + ", buckets=" + std::to_string(buckets) +
           ", chunk=" + std::to_string(chunk) + ", seed=" + std::to_string(seed) +
           ", shared=" + std::to_string(shared ? 1 : 0) + ")";
  }
};

constexpr Settings kSettings[] = {{4, 32, 64, 0, false}, {1, 2, 64, 1, false}, {2, 4, 5, 3, false},
                                  {3, 2, 100, 0, true},  {2, 8, 16, 0, false}, {3, 8, 1, 2, true}};

// The buckets of each token's rows of one head, [tokens][rounds].
std::vector<uint32_t> buckets_of(const AngularHash& hash, const std::vector<float>& rows,
                                 size_t tokens, size_t head_dim, size_t head) {
  const size_t width = rows.size() / tokens;
  std::vector<uint32_t> buckets(tokens * hash.rounds());
  hash.hash(best_isa(), {rows.data() + head * head_dim, tokens, head_dim, width}, buckets);
  return buckets;
}

// The definition: which keys a query sees in any round.
class Definition {
 public:
  Definition(const Settings& settings, const Problem& p, size_t head)
      : settings_(settings), rounds_(settings.rounds) {
    const AngularHash hash(settings.rounds, settings.buckets, p.head_dim, settings.seed);
    const size_t kv_head = head / (p.heads / p.kv_heads);
    of_keys_ = buckets_of(hash, p.k, p.keys, p.head_dim, kv_head);
    of_queries_ = settings.shared ? of_keys_ : buckets_of(hash, p.q, p.queries, p.head_dim, head);
  }

  std::vector<int64_t> seen_by(size_t query) const {
    std::vector<int64_t> seen;
    for (size_t round = 0; round < rounds_; ++round) {
      std::vector<int64_t> bucket;  // its keys so far
      for (size_t key = 0; key <= query; ++key)
        if (of_keys_[key * rounds_ + round] == of_queries_[query * rounds_ + round])
          bucket.push_back(static_cast<int64_t>(key));
      if (bucket.empty()) continue;
      const size_t newest = (bucket.size() - 1) / settings_.chunk;
      for (size_t i = (newest == 0 ? 0 : newest - 1) * settings_.chunk; i < bucket.size(); ++i)
        seen.push_back(bucket[i]);
    }
    std::ranges::sort(seen);
    seen.erase(std::ranges::unique(seen).begin(), seen.end());
    return seen;
  }

 private:
  Settings settings_;
  size_t rounds_;
  std::vector<uint32_t> of_keys_, of_queries_;
};

// What the pattern says and what is planned of it, in calls of `chunk` tokens.
void expect_definition(const Settings& settings, const Problem& p, size_t chunk) {
  SCOPED_TRACE(testing::Message() << settings.spec() << " in calls of " << chunk);
  std::vector<Definition> definitions;
  definitions.reserve(p.heads);
  for (size_t head = 0; head < p.heads; ++head) definitions.emplace_back(settings, p, head);
  IndexRun run(settings.spec(), p, Operand::f32);
  for (size_t begin = 0; begin < p.queries; begin += chunk) {
    const size_t end = std::min(begin + chunk, p.queries);
    const std::vector<PatternPtr> chosen = run.call(end - begin);
    const PlanRequest request{{{static_cast<int64_t>(begin)}, {static_cast<int64_t>(end)}},
                              {{0}, {static_cast<int64_t>(end)}}};
    for (size_t head = 0; head < p.heads; ++head) {
      const HeadPlan plan = plan_head(chosen[head], request, static_cast<int64_t>(p.keys));
      const auto planned = planned_grid(plan, request);  // an error where a pair is there twice
      ASSERT_TRUE(planned.ok()) << planned.error().message;
      uint64_t pairs = 0;
      for (size_t q = begin; q < end; ++q) {
        const std::vector<int64_t> want = definitions[head].seen_by(q);
        pairs += want.size();
        ASSERT_EQ((*planned)[q - begin], want) << "head " << head << ", query " << q;
        for (int64_t k = 0; k <= static_cast<int64_t>(q); ++k)
          ASSERT_EQ(chosen[head]->sees({static_cast<int64_t>(q)}, {k}),
                    std::ranges::binary_search(want, k))
              << "head " << head << ", query " << q << ", key " << k;
      }
      ASSERT_EQ(plan.pairs, pairs) << "what several rounds find is scored once";
    }
  }
}

TEST(Lsh, SeesTheNewestChunksOfItsBuckets) {
  const Problem p = make_problem(230, 230, 4, 2, 32, 1);
  for (const Settings& settings : kSettings)
    for (const size_t chunk : {p.queries, size_t{1}, size_t{50}, size_t{64}})
      ASSERT_NO_FATAL_FAILURE(expect_definition(settings, p, chunk));
}

// A text long enough for buckets to have dropped keys, and their blocks.
TEST(Lsh, SeesTheSameOfLongTexts) {
  const Problem p = make_problem(1500, 1500, 2, 1, 32, 2);
  ASSERT_NO_FATAL_FAILURE(expect_definition({2, 2, 70, 0, false}, p, 300));
  ASSERT_NO_FATAL_FAILURE(expect_definition({2, 4, 16, 0, true}, p, 130));
}

// Queries that are keys see themselves, whatever else.
TEST(Lsh, SharedBucketsHoldTheQuerysOwnKey) {
  const Problem p = make_problem(200, 200, 4, 2, 32, 3);
  IndexRun run("lsh(rounds=1, buckets=64, chunk=1, shared=1)", p, Operand::bf16);
  for (const PatternPtr& chosen : run.call(200))
    for (int64_t q = 0; q < 200; ++q) EXPECT_TRUE(chosen->sees({q}, {q})) << q;
}

// Keys that are the queries' own directions are found, among many that are not.
TEST(Lsh, FindsWhatPointsTheSameWay) {
  Problem p = make_problem(600, 600, 1, 1, 64, 4);
  for (size_t q = 300; q < 600; ++q)  // query q is key q - 300, longer
    for (size_t d = 0; d < p.head_dim; ++d)
      p.q[q * p.head_dim + d] = 2.5F * p.k[(q - 300) * p.head_dim + d];
  IndexRun run("lsh(rounds=2, buckets=16, chunk=600)", p, Operand::bf16);
  const PatternPtr chosen = run.call(600).front();
  size_t found = 0;
  for (int64_t q = 300; q < 600; ++q) found += chosen->sees({q}, {q - 300}) ? 1 : 0;
  EXPECT_GE(found, 298u) << "all but near ties";
}

}  // namespace
}  // namespace fathom
