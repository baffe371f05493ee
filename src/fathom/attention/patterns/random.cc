// random(block=B, count=R, seed=N): the text is cut into blocks of B tokens; for each block of
// queries, R blocks of keys are drawn.
//
// The random part of BigBird: Zaheer et al. 2020, "Big Bird: Transformers for Longer Sequences",
// section 2 (arXiv:2007.14062). The draws of block b are made here among the b + 1 blocks up to and
// with itself, so that they do not depend on the length of the text: these are cut into R parts as
// equal as can be, and one block is drawn from each, so R different ones; all, where R or fewer
// are there. Without causality a query sees a later block if that one drew its own, so that the
// pattern is symmetric, as an undirected graph. The same seed draws the same blocks on every
// machine.
#include <algorithm>
#include <array>

#include "fathom/attention/pattern.h"

namespace fathom::patterns {
namespace {

// Of a seed and two numbers, 64 random bits: SplitMix64's output function (Steele et al. 2014,
// "Fast splittable pseudorandom number generators").
uint64_t random_bits(int64_t seed, int64_t block, int64_t part) {
  uint64_t bits = 0;
  for (const int64_t number : {seed, block, part}) {
    bits += static_cast<uint64_t>(number) + 0x9e3779b97f4a7c15u;
    bits = (bits ^ bits >> 30) * 0xbf58476d1ce4e5b9u;
    bits = (bits ^ bits >> 27) * 0x94d049bb133111ebu;
    bits ^= bits >> 31;
  }
  return bits;
}

class Random final : public Pattern {
 public:
  Random(int64_t block, int64_t count, int64_t seed) : block_(block), count_(count), seed_(seed) {}

  bool sees(Position query, Position key) const override {
    return joins(query.value / block_, key.value / block_);
  }

  Coverage cover(PositionRange queries, PositionRange keys) const override {
    const Blocks q = blocks_of(queries);
    const Blocks k = blocks_of(keys);
    if (q.last - q.first >= kFewBlocks) return Coverage::partial;
    bool any = false;
    bool all = true;
    for (int64_t b = q.first; b <= q.last; ++b) {
      if (k.first <= b) {
        const int64_t last = std::min(k.last, b);
        const bool draws_one = draws(b, k.first, last);
        any |= draws_one;
        all &= draws_one && (k.first == last || b < count_);
      }
      if (k.last - std::max(k.first, b) > kFewBlocks) return Coverage::partial;
      for (int64_t later = std::max(k.first, b + 1); later <= k.last; ++later) {
        const bool draws_it = draws(later, b, b);
        any |= draws_it;
        all &= draws_it;
      }
    }
    if (!any) return Coverage::empty;
    return all ? Coverage::full : Coverage::partial;
  }

  // Neighbours mostly share their blocks, and draws.
  void mask(std::span<const Position> queries, std::span<const Position> keys,
            std::span<uint64_t> rows) const override {
    for (size_t i = 0; i < queries.size(); ++i) {
      const int64_t block = queries[i].value / block_;
      const bool same = i > 0 && queries[i - 1].value / block_ == block;
      rows[i] = same ? rows[i - 1] : row_of(block, keys);
    }
  }

  std::string spec() const override {
    return "random(block=" + std::to_string(block_) + ", count=" + std::to_string(count_) +
           ", seed=" + std::to_string(seed_) + ")";
  }

 private:
  static constexpr int64_t kFewBlocks = 64;  // that a bound looks at one by one

  struct Blocks {
    int64_t first, last;
  };
  Blocks blocks_of(PositionRange range) const {
    return {range.begin.value / block_, (range.end.value - 1) / block_};
  }

  // Whether the queries of one block see the keys of the other.
  bool joins(int64_t queries, int64_t keys) const {
    const int64_t earlier = std::min(queries, keys);
    return draws(std::max(queries, keys), earlier, earlier);
  }
  // Bit j: the queries of a block see keys[j].
  uint64_t row_of(int64_t queries, std::span<const Position> keys) const {
    uint64_t row = 0;
    for (size_t j = 0; j < keys.size(); ++j) {
      const int64_t block = keys[j].value / block_;
      const bool same = j > 0 && keys[j - 1].value / block_ == block;
      row |= uint64_t{same ? (row >> (j - 1) & 1) != 0 : joins(queries, block)} << j;
    }
    return row;
  }

  // Whether block `later` drew one of blocks [first, last], which are not after it.
  bool draws(int64_t later, int64_t first, int64_t last) const {
    if (later < count_) return true;
    const int64_t part = part_of(later, first);
    const int64_t last_part = part_of(later, last);
    if (last_part - part > 1) return true;  // all of a part lies between
    return within(drawn(later, part), first, last) ||
           (last_part != part && within(drawn(later, last_part), first, last));
  }

  // Part i of the blocks up to `later` begins with this one.
  int64_t part_begin(int64_t later, int64_t i) const { return i * (later + 1) / count_; }
  int64_t part_of(int64_t later, int64_t block) const {
    return ((block + 1) * count_ - 1) / (later + 1);
  }
  int64_t drawn(int64_t later, int64_t part) const {
    const int64_t begin = part_begin(later, part);
    const auto size = static_cast<uint64_t>(part_begin(later, part + 1) - begin);
    return begin + static_cast<int64_t>(random_bits(seed_, later, part) % size);
  }
  static bool within(int64_t block, int64_t first, int64_t last) {
    return first <= block && block <= last;
  }

  int64_t block_;  // tokens
  int64_t count_;  // blocks drawn
  int64_t seed_;
};

const std::array<ParameterInfo, 3> kParameters = {{
    {.name = "block", .help = "tokens a block", .fallback = int64_t{64}, .minimum = 1},
    {.name = "count",
     .help = "how many blocks of keys each block of queries sees",
     .fallback = int64_t{3},
     .minimum = 1},
    {.name = "seed", .help = "of the draws; same seed, same blocks", .fallback = int64_t{0}},
}};

constexpr std::string_view kExamples[] = {"random",
                                          "random(block=1, count=2)",
                                          "random(block=3, count=1, seed=7)",
                                          "random(block=63, count=2, seed=1)",
                                          "random(block=64, count=1)",
                                          "random(block=65, count=2)",
                                          "random(block=16, count=9223372036854775807)"};

Result<PatternPtr> make(const Parameters& parameters, const Placement&) {
  return PatternPtr(std::make_shared<Random>(
      parameters.integer("block"), parameters.integer("count"), parameters.integer("seed")));
}

}  // namespace

extern const PatternPlugin random;
const PatternPlugin random = {
    .name = "random",
    .summary = "`count` blocks of `block` keys, drawn from those so far for each block of queries",
    .paper = "Zaheer et al. 2020, Big Bird, arXiv:2007.14062",
    .parameters = kParameters,
    .examples = kExamples,
    .make = make,
    .typical = "random(count=16)",
};

}  // namespace fathom::patterns
