// lsh(rounds=R, buckets=B, chunk=C, seed=N, shared=S): keys and queries are hashed into B buckets,
// R times; a query sees the keys of its bucket, in any round, that lie in the chunk of C keys in
// which the bucket's newest key is, or in the chunk before.
//
// Kitaev et al. 2020, "Reformer: The Efficient Transformer", section 2 (arXiv:2001.04451). There a
// round sorts all tokens by bucket and cuts what results into chunks; here each bucket is cut, so
// that what a query sees does not depend on what comes after it. shared=1 hashes a query as the key
// of its own token, as in a model whose queries and keys are one projection. Rounds are disjoint: a
// pair that several find is scored once, so that no correction of its weight is needed.
//
// Models that were not trained for it have queries and keys in different directions, and lose much
// (docs/patterns.md). A query whose bucket is empty sees nothing: join a window.
#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "fathom/attention/angular_hash.h"
#include "fathom/attention/compose.h"
#include "fathom/attention/key_buckets.h"
#include "fathom/attention/key_index.h"
#include "fathom/attention/lane_cache.h"
#include "fathom/kernels/match_codes.h"

namespace fathom::patterns {
namespace {

struct Settings {
  size_t rounds;
  uint32_t buckets;
  int64_t chunk;
  int64_t seed;
  bool shared;
};

// Where a head's queries look in one round.
class RoundOrder final : public KeyOrder {
 public:
  // `codes`: of the queries from `first` on.
  RoundOrder(const KeyBuckets& keys, Position first, std::vector<BucketCode> codes)
      : keys_(keys), first_(first), codes_(std::move(codes)) {}

  const KeyBuckets& keys() const { return keys_; }
  BucketCode code_of(Position query) const {
    return codes_[static_cast<size_t>(query.value - first_.value)];
  }

  int64_t lanes() const override { return keys_.buckets(); }
  std::optional<Place> place(Position key) const override {
    const int64_t lane = keys_.codes()[static_cast<size_t>(key.value)] % keys_.buckets();
    return Place{lane, keys_.count(lane, key)};
  }
  Position key_at(Place place) const override { return keys_.key_at(place); }
  int64_t count(int64_t lane, Position end) const override { return keys_.count(lane, end); }
  int64_t lane_of(Position query) const override { return code_of(query) % keys_.buckets(); }
  Range window(Position query, int64_t count) const override {
    const int64_t chunk = code_of(query) / keys_.buckets();
    return {std::max<int64_t>(0, chunk - 1) * keys_.chunk(),
            std::min(count, (chunk + 1) * keys_.chunk())};
  }
  std::string name() const override { return "buckets"; }

 private:
  const KeyBuckets& keys_;
  Position first_;
  std::vector<BucketCode> codes_;
};

// The pairs that one round finds.
class Round final : public Pattern {
 public:
  Round(Isa isa, std::shared_ptr<const RoundOrder> order) : isa_(isa), order_(std::move(order)) {}

  bool sees(Position query, Position key) const override {
    const BucketCode wanted = order_->code_of(query);
    const BucketCode code = order_->keys().codes()[static_cast<size_t>(key.value)];
    return code == wanted || code + order_->keys().buckets() == wanted;
  }
  Coverage cover(PositionRange, PositionRange) const override { return Coverage::partial; }
  void mask(std::span<const Position> queries, std::span<const Position> keys,
            std::span<uint64_t> rows) const override {
    BucketCode codes[kBlock] = {};
    std::array<BucketCode, kBlock> wanted;
    for (size_t j = 0; j < keys.size(); ++j)
      codes[j] = order_->keys().codes()[static_cast<size_t>(keys[j].value)];
    for (size_t i = 0; i < queries.size(); ++i) wanted[i] = order_->code_of(queries[i]);
    match_codes(isa_, codes, std::span(wanted).first(queries.size()), order_->keys().buckets(),
                rows.data());
    if (keys.size() == kBlock) return;
    for (uint64_t& row : rows) row &= (uint64_t{1} << keys.size()) - 1;
  }
  std::string spec() const override { return "lsh round"; }

  KeyOrderPtr order() const { return order_; }

 private:
  Isa isa_;
  std::shared_ptr<const RoundOrder> order_;
};

// What a head's queries see in one call.
class Choice final : public Pattern {
 public:
  Choice(std::vector<std::shared_ptr<const Round>> rounds, std::span<const LaneCache> copies,
         std::string spec)
      : rounds_(std::move(rounds)), copies_(copies), spec_(std::move(spec)) {}

  bool sees(Position query, Position key) const override {
    return std::ranges::any_of(rounds_, [&](const auto& round) { return round->sees(query, key); });
  }
  Coverage cover(PositionRange, PositionRange) const override { return Coverage::partial; }
  std::vector<Term> terms(int64_t) const override {
    std::vector<Term> terms;
    terms.reserve(rounds_.size());
    for (size_t i = 0; i < rounds_.size(); ++i)
      terms.push_back({.order = rounds_[i]->order(),
                       .whole = rounds_[i],
                       .within = everything(),
                       .copy = &copies_[i]});
    return terms;
  }
  std::string spec() const override { return spec_; }

 private:
  std::vector<std::shared_ptr<const Round>> rounds_;
  std::span<const LaneCache> copies_;
  std::string spec_;
};

class Buckets final : public KeyIndex {
 public:
  Buckets(const Settings& settings, const AttentionShape& shape, std::string spec)
      : settings_(settings),
        shape_(shape),
        spec_(std::move(spec)),
        hash_(settings.rounds, settings.buckets, shape.head_dim, settings.seed),
        keys_(shape.kv_heads, std::vector<KeyBuckets>(
                                  settings.rounds, KeyBuckets(settings.buckets, settings.chunk))),
        hashed_keys_(shape.kv_heads),
        hashed_queries_(shape.heads) {
    for (size_t round = 0; round < settings.rounds; ++round)
      copies_.emplace_back(settings.buckets, shape.kv_heads, shape.head_dim, shape.operand);
  }

  void append(const Compute& compute, ConstMatrix<float> keys, ConstMatrix<float> values) override {
    // [round][kv_head][key]
    std::vector places(settings_.rounds,
                       std::vector<std::vector<std::optional<KeyOrder::Place>>>(shape_.kv_heads));
    hash_heads(compute, keys, hashed_keys_);
    compute.pool->run(shape_.kv_heads, [&](size_t head, size_t) {
      for (size_t round = 0; round < settings_.rounds; ++round) {
        KeyBuckets& buckets = keys_[head][round];
        buckets.forget();
        for (size_t i = 0; i < keys.rows; ++i)
          places[round][head].emplace_back(
              buckets.append(hashed_keys_[head][i * settings_.rounds + round]));
      }
    });
    for (size_t round = 0; round < settings_.rounds; ++round) {
      for (size_t head = 0; head < shape_.kv_heads; ++head)
        for (int64_t lane = 0; lane < settings_.buckets; ++lane)
          copies_[round].forget(head, lane, keys_[head][round].held_from(lane));
      const std::vector<LaneCache::Places> places_of_head(places[round].begin(),
                                                          places[round].end());
      copies_[round].append(*compute.pool, places_of_head, keys, values);
    }
  }

  void prepare(const AttentionCall& call) override {
    if (!settings_.shared) hash_heads(*call.compute, call.queries, hashed_queries_);
  }

  PatternPtr choose(const AttentionCall& call, size_t head) const override {
    const size_t kv_head = shape_.kv_head(head);
    const std::vector<uint32_t>& buckets =
        settings_.shared ? hashed_keys_[kv_head] : hashed_queries_[head];
    std::vector<std::shared_ptr<const Round>> rounds;
    for (size_t round = 0; round < settings_.rounds; ++round) {
      const KeyBuckets& keys = keys_[kv_head][round];
      rounds.push_back(std::make_shared<Round>(
          call.compute->isa,
          std::make_shared<RoundOrder>(keys, call.positions.begin,
                                       codes_of_queries(call.positions, keys, buckets, round))));
    }
    return std::make_shared<Choice>(std::move(rounds), copies_, spec_);
  }

  size_t bytes() const override {
    size_t bytes = 0;
    for (const LaneCache& copy : copies_) bytes += copy.bytes();
    for (const auto& rounds : keys_)
      for (const KeyBuckets& keys : rounds) bytes += keys.codes().size() * sizeof(BucketCode);
    return bytes;
  }

 private:
  // The buckets of each head's rows, its tasks being some rows of a head.
  void hash_heads(const Compute& compute, ConstMatrix<float> rows,
                  std::vector<std::vector<uint32_t>>& buckets) const {
    constexpr size_t kRows = 96;
    const size_t parts = (rows.rows + kRows - 1) / kRows;
    for (std::vector<uint32_t>& of_head : buckets) of_head.resize(rows.rows * settings_.rounds);
    compute.pool->run(buckets.size() * parts, [&](size_t task, size_t) {
      const size_t head = task / parts;
      const size_t first = task % parts * kRows;
      const ConstMatrix<float> part = rows.rows_at(first, std::min(kRows, rows.rows - first));
      hash_.hash(compute.isa, part.cols_at(head * shape_.head_dim, shape_.head_dim),
                 std::span(buckets[head]).subspan(first * settings_.rounds));
    });
  }

  // Each query's code: of the newest key of its bucket that is not after it.
  std::vector<BucketCode> codes_of_queries(PositionRange positions, const KeyBuckets& keys,
                                           std::span<const uint32_t> buckets, size_t round) const {
    // How many keys of each bucket stand before the query at hand.
    std::vector<int64_t> counts(keys.buckets());
    for (int64_t lane = 0; lane < keys.buckets(); ++lane)
      counts[static_cast<size_t>(lane)] = keys.count(lane, positions.begin);
    std::vector<BucketCode> codes;
    for (Position q = positions.begin; q < positions.end; ++q.value) {
      ++counts[keys.codes()[static_cast<size_t>(q.value)] % keys.buckets()];
      const uint32_t bucket = buckets[codes.size() * settings_.rounds + round];
      codes.push_back(keys.code_of({bucket, std::max<int64_t>(0, counts[bucket] - 1)}));
    }
    return codes;
  }

  Settings settings_;
  AttentionShape shape_;
  std::string spec_;
  AngularHash hash_;
  std::vector<std::vector<KeyBuckets>> keys_;  // [kv_heads][rounds]
  std::vector<LaneCache> copies_;              // [rounds]
  // Of the last call, [tokens][rounds] for each head.
  std::vector<std::vector<uint32_t>> hashed_keys_, hashed_queries_;
};

class Lsh final : public Pattern {
 public:
  explicit Lsh(const Settings& settings) : settings_(settings) {}
  bool sees(Position, Position) const override { return true; }
  Coverage cover(PositionRange, PositionRange) const override { return Coverage::partial; }
  std::unique_ptr<KeyIndex> index(const AttentionShape& shape) const override {
    return std::make_unique<Buckets>(settings_, shape, spec());
  }
  std::string spec() const override {
    return "lsh(rounds=" + std::to_string(settings_.rounds) +
           ", buckets=" + std::to_string(settings_.buckets) +
           ", chunk=" + std::to_string(settings_.chunk) +
           ", seed=" + std::to_string(settings_.seed) +
           ", shared=" + std::to_string(settings_.shared ? 1 : 0) + ")";
  }

 private:
  Settings settings_;
};

constexpr int64_t kMostLanes = 1024;

const std::array<ParameterInfo, 5> kParameters = {{
    {.name = "rounds",
     .help = "how many times all is hashed, at most 64",
     .fallback = int64_t{4},
     .minimum = 1},
    {.name = "buckets",
     .help = "buckets of a round: a power of two, at most 512",
     .fallback = int64_t{16},
     .minimum = 2},
    {.name = "chunk",
     .help = "keys a chunk of a bucket; a query sees its own and the one before",
     .fallback = int64_t{128},
     .minimum = 1},
    {.name = "seed", .help = "of the hashes; same seed, same hashes", .fallback = int64_t{0}},
    {.name = "shared",
     .help = "1: a query's bucket is that of its token's key; 0: its own",
     .fallback = int64_t{0}},
}};

constexpr std::string_view kExamples[] = {
    "lsh", "lsh(rounds=1, buckets=2, chunk=64)", "lsh(rounds=2, buckets=4, chunk=5, seed=3)",
    "lsh(rounds=3, buckets=2, chunk=100, shared=1)", "lsh(rounds=2, buckets=8, chunk=16)"};

Result<PatternPtr> make(const Parameters& parameters, const Placement&) {
  const int64_t rounds = parameters.integer("rounds");
  const int64_t buckets = parameters.integer("buckets");
  const int64_t chunk = parameters.integer("chunk");
  const int64_t shared = parameters.integer("shared");
  if (rounds > 64) return Error{"rounds must be from 1 to 64"};
  if (buckets > 512 || !std::has_single_bit(static_cast<uint64_t>(buckets)))
    return Error{"buckets must be a power of two from 2 to 512"};
  if (chunk > 1 << 20) return Error{"chunk must be at most 1048576 keys"};
  if (rounds * buckets > kMostLanes)
    return Error{"rounds * buckets must be at most " + std::to_string(kMostLanes) +
                 ": each bucket of each round holds copies of keys"};
  if (shared > 1) return Error{"shared must be 0 or 1"};
  return PatternPtr(std::make_shared<Lsh>(Settings{.rounds = static_cast<size_t>(rounds),
                                                   .buckets = static_cast<uint32_t>(buckets),
                                                   .chunk = chunk,
                                                   .seed = parameters.integer("seed"),
                                                   .shared = shared == 1}));
}

}  // namespace

extern const PatternPlugin lsh;
const PatternPlugin lsh = {
    .name = "lsh",
    .summary = "the keys of its bucket in any of `rounds` hashes by angle, the newest chunks of it",
    .paper = "Kitaev et al. 2020, Reformer, arXiv:2001.04451",
    .parameters = kParameters,
    .examples = kExamples,
    .make = make,
};

}  // namespace fathom::patterns
