// Heads of several parts, queries in other orders, keys that count more than once and sums of
// weights, against masked softmax in double precision.
#include <cmath>
#include <deque>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "fathom/kernels/attend.h"
#include "fathom/kernels/attend_pieces.h"

namespace fathom {
namespace {

struct Output {
  std::vector<float> out;
  std::vector<float> log_sums;
  bool operator==(const Output&) const = default;
};

// Where attend() writes.
AttendArgs args_of(const Problem& p, std::span<const AttendPart> parts, Output& output) {
  constexpr size_t width = kHeads * kHeadDim;
  output.out.assign(p.q.size(), NAN);
  output.log_sums.assign(p.queries * kHeads, NAN);
  return {.queries = {p.q.data(), p.queries, width},
          .out = {output.out.data(), p.queries, width},
          .head_dim = kHeadDim,
          .scale = p.scale,
          .parts = parts,
          .log_sums = {output.log_sums.data(), p.queries, kHeads}};
}

std::vector<AttendPart> parts_of_pieces(const std::deque<Piece>& pieces) {
  std::vector<AttendPart> parts;
  parts.reserve(pieces.size());
  for (const Piece& piece : pieces) parts.push_back(piece.part());
  return parts;
}

Output run(const Problem& p, const std::deque<Piece>& pieces, Isa isa, ThreadPool& pool) {
  const std::vector<AttendPart> parts = parts_of_pieces(pieces);
  Output output;
  attend({.isa = isa, .operand = Operand::bf16, .pool = &pool}, args_of(p, parts, output));
  return output;
}

// As attend_test.cc derives them: a weight is rounded to bf16, by at most 2^-8, and the polynomial
// adds 7.5e-5. Of the logarithm of a sum of such weights the error is at most 2^-8 log2(e).
double tolerance(Operand operand) { return operand == Operand::f32 ? 2e-5 : 0x1p-7 + 2e-4; }

void expect_softmax(const Problem& p, const std::deque<Piece>& pieces, const Output& got,
                    double most) {
  for (size_t query = 0; query < p.queries; ++query) {
    for (size_t head = 0; head < kHeads; ++head) {
      SCOPED_TRACE(testing::Message() << "query " << query << ", head " << head);
      const Row want = reference_row(pieces, query, head);
      const float* const out = got.out.data() + (query * kHeads + head) * kHeadDim;
      for (size_t d = 0; d < kHeadDim; ++d)
        ASSERT_LE(std::abs(out[d] - want.out[d]), most * want.size[d]) << "column " << d;
      const double log_sum = got.log_sums[query * kHeads + head];
      if (std::isinf(want.log_sum)) {
        ASSERT_EQ(log_sum, want.log_sum);
      } else {
        ASSERT_NEAR(log_sum, want.log_sum, most);
      }
    }
  }
}

struct Target {
  Isa isa;
  Operand operand;
};

class AttendParts : public testing::TestWithParam<Target> {
 protected:
  Output run(const Problem& p, const std::deque<Piece>& pieces) {
    return fathom::run(p, pieces, GetParam().isa, pool_);
  }
  // A cache of which all heads score something, a copy for the first two, another, in shuffled
  // queries, for the middle ones, and nothing for the last head but the cache.
  std::deque<Piece> several_pieces(const Problem& p, Operand operand) const {
    std::deque<Piece> pieces;
    pieces.emplace_back(p, operand, random_bits(p.queries, p.keys, 1));
    pieces.emplace_back(other_keys(p, 70, 2), copied(), random_bits(p.queries, 70, 3)).heads = 2;
    Piece& shuffled =
        pieces.emplace_back(other_keys(p, 200, 4), copied(), random_bits(p.queries, 200, 5));
    shuffled.head = 1;
    shuffled.heads = 2;
    shuffled.shuffle(shuffled_queries(p.queries, 6));
    return pieces;
  }
  // What copies of the cache hold.
  static Operand copied() {
    return GetParam().operand == Operand::f32 ? Operand::f32 : Operand::bf16;
  }
  ThreadPool pool_{2};
};

Problem queries_and_keys(size_t queries, size_t keys) {
  return make_problem(queries, keys, kHeads, 1, kHeadDim, static_cast<uint32_t>(queries + keys));
}

TEST_P(AttendParts, MergeToTheSoftmaxOfAll) {
  for (const size_t queries : {1, 5, 64, 65, 150}) {
    const Problem p = queries_and_keys(queries, 130);
    const std::deque<Piece> pieces = several_pieces(p, GetParam().operand);
    ASSERT_NO_FATAL_FAILURE(
        expect_softmax(p, pieces, run(p, pieces), tolerance(GetParam().operand)));
  }
}

// A plan may list queries in any order, and leave some out: with other parts and alone.
TEST_P(AttendParts, QueriesInNoPlanSeeNothing) {
  const Problem p = queries_and_keys(140, 300);
  std::deque<Piece> pieces;
  pieces.emplace_back(p, GetParam().operand, random_bits(p.queries, p.keys, 7))
      .shuffle(shuffled_queries(p.queries, 8));
  ASSERT_NO_FATAL_FAILURE(expect_softmax(p, pieces, run(p, pieces), tolerance(GetParam().operand)));
}

TEST_P(AttendParts, EveryQueryInAnotherOrder) {
  const Problem p = queries_and_keys(100, 200);
  std::vector<uint32_t> backwards;
  for (uint32_t q = 100; q-- > 0;) backwards.push_back(q);
  std::deque<Piece> pieces;
  pieces.emplace_back(p, GetParam().operand, random_bits(p.queries, p.keys, 9)).shuffle(backwards);
  ASSERT_NO_FATAL_FAILURE(expect_softmax(p, pieces, run(p, pieces), tolerance(GetParam().operand)));
}

// Keys dealt out to three parts: what one part over all of them gives.
TEST_P(AttendParts, AsOneOverAllKeys) {
  const Operand operand = GetParam().operand;
  const Problem p = queries_and_keys(90, 500);
  std::deque<Piece> whole;
  whole.emplace_back(p, operand, random_bits(p.queries, p.keys, 10));
  std::deque<Piece> dealt;
  for (size_t part = 0; part < 3; ++part) {
    Problem some = p;
    some.keys = (p.keys - part + 2) / 3;
    Bits bits(p.queries, std::vector<bool>(some.keys));
    for (size_t i = 0; i < some.keys; ++i) {
      const size_t key = 3 * i + part;
      std::copy_n(p.k.begin() + static_cast<long>(key * kHeadDim), kHeadDim,
                  some.k.begin() + static_cast<long>(i * kHeadDim));
      std::copy_n(p.v.begin() + static_cast<long>(key * kHeadDim), kHeadDim,
                  some.v.begin() + static_cast<long>(i * kHeadDim));
      for (size_t q = 0; q < p.queries; ++q) bits[q][i] = whole.front().bits[q][key];
    }
    dealt.emplace_back(some, operand, bits);
  }
  const Output one = run(p, whole);
  const Output three = run(p, dealt);
  // In 8 bits, scores are off by 2^-7 of their size (attend_test.cc): other blocks, other means.
  const double most = operand == Operand::int8 ? 0.1 : 2 * tolerance(operand);
  for (size_t i = 0; i < one.out.size(); ++i)
    ASSERT_NEAR(one.out[i], three.out[i], most * p.largest_value()) << i;
  for (size_t i = 0; i < one.log_sums.size(); ++i) {
    if (one.log_sums[i] == three.log_sums[i]) continue;  // also where both are -inf
    ASSERT_NEAR(one.log_sums[i], three.log_sums[i], most) << i;
  }
}

TEST_P(AttendParts, SameBitsForAnyNumberOfThreads) {
  const Problem p = queries_and_keys(70, 2500);
  const std::deque<Piece> pieces = several_pieces(p, GetParam().operand);
  ThreadPool one(1);
  const Output want = fathom::run(p, pieces, GetParam().isa, one);
  for (const size_t threads : {2, 3, 5}) {
    ThreadPool pool(threads);
    for (int repeat = 0; repeat < 3; ++repeat)
      EXPECT_EQ(fathom::run(p, pieces, GetParam().isa, pool), want) << threads << " threads";
  }
}

TEST_P(AttendParts, ABatchIsEachSequenceAlone) {
  std::deque<Problem> problems;
  std::deque<std::deque<Piece>> pieces;
  for (const size_t queries : {70, 1, 3}) {
    problems.push_back(queries_and_keys(queries, 2000 / queries + 64));
    pieces.push_back(several_pieces(problems.back(), GetParam().operand));
  }
  std::vector<Output> alone, together(problems.size());
  std::vector<std::vector<AttendPart>> parts;
  std::vector<AttendArgs> batch;
  for (size_t i = 0; i < problems.size(); ++i) {
    alone.push_back(run(problems[i], pieces[i]));
    parts.push_back(parts_of_pieces(pieces[i]));
    batch.push_back(args_of(problems[i], parts[i], together[i]));
  }
  attend({.isa = GetParam().isa, .operand = Operand::bf16, .pool = &pool_}, batch);
  EXPECT_EQ(together, alone);
}

// A key with a bias counts 2^bias times.
TEST_P(AttendParts, BiasedKeysCountMoreThanOnce) {
  const Problem p = queries_and_keys(70, 260);
  std::mt19937 random(11);
  std::vector<float> biases(p.keys);
  for (float& bias : biases) bias = static_cast<float>(random() % 1000) / 100 - 3;
  for (const bool shared : {false, true}) {
    std::deque<Piece> pieces;
    pieces.emplace_back(p, GetParam().operand, random_bits(p.queries, p.keys, 12)).bias(biases);
    if (shared)
      pieces.emplace_back(other_keys(p, 100, 13), copied(), random_bits(p.queries, 100, 14));
    SCOPED_TRACE(shared ? "beside keys of no bias" : "alone");
    ASSERT_NO_FATAL_FAILURE(
        expect_softmax(p, pieces, run(p, pieces), tolerance(GetParam().operand)));
  }
}

// What a bias means: the same as so many copies of the key.
TEST_P(AttendParts, ABiasIsSoManyCopiesOfAKey) {
  Problem once = queries_and_keys(3, 64);
  Problem four_times = once;
  for (size_t copy = 1; copy < 4; ++copy) {
    four_times.k.insert(four_times.k.end(), once.k.begin(), once.k.end());
    four_times.v.insert(four_times.v.end(), once.v.begin(), once.v.end());
  }
  four_times.keys = 4 * once.keys;
  std::deque<Piece> biased, copies;
  biased.emplace_back(once, GetParam().operand, Bits(3, std::vector<bool>(64, true)))
      .bias(std::vector<float>(64, 2));
  copies.emplace_back(four_times, GetParam().operand, Bits(3, std::vector<bool>(256, true)));
  const Output got = run(once, biased);
  const Output want = run(once, copies);
  const double most = 2 * tolerance(GetParam().operand) * once.largest_value();
  for (size_t i = 0; i < got.out.size(); ++i) EXPECT_NEAR(got.out[i], want.out[i], most);
  for (size_t i = 0; i < got.log_sums.size(); ++i)
    EXPECT_NEAR(got.log_sums[i], want.log_sums[i], 2 * tolerance(GetParam().operand));
}

TEST_P(AttendParts, AHeadOfNoPartIsZero) {
  const Problem p = queries_and_keys(70, 100);
  std::deque<Piece> pieces;
  EXPECT_EQ(run(p, pieces), (Output{std::vector<float>(p.q.size()),
                                    std::vector<float>(p.queries * kHeads, -INFINITY)}));
  pieces.emplace_back(p, GetParam().operand, Bits(p.queries, std::vector<bool>(p.keys, true)))
      .heads = 1;
  pieces.front().head = 2;
  ASSERT_NO_FATAL_FAILURE(expect_softmax(p, pieces, run(p, pieces), tolerance(GetParam().operand)));
}

TEST_P(AttendParts, EachHoldsItsKeysInItsOwnWay) {
  const Problem p = queries_and_keys(66, 130);
  for (const Operand other : {Operand::bf16, Operand::f32}) {
    std::deque<Piece> pieces;
    pieces.emplace_back(p, GetParam().operand, random_bits(p.queries, p.keys, 15));
    pieces.emplace_back(other_keys(p, 150, 16), other, random_bits(p.queries, 150, 17));
    ASSERT_NO_FATAL_FAILURE(expect_softmax(p, pieces, run(p, pieces), tolerance(Operand::bf16)));
  }
}

// One part's keys meet the call's queries, another's meet their own.
TEST_P(AttendParts, QueriesOfAPart) {
  const Problem p = queries_and_keys(70, 130);
  std::deque<Piece> pieces;
  pieces.emplace_back(p, GetParam().operand, random_bits(p.queries, p.keys, 18));
  Problem other = make_problem(p.queries, 100, kHeads, 1, kHeadDim, 19);
  pieces.emplace_back(other, GetParam().operand, random_bits(p.queries, 100, 20)).own_queries =
      true;
  ASSERT_NO_FATAL_FAILURE(expect_softmax(p, pieces, run(p, pieces), tolerance(GetParam().operand)));
}

std::vector<Target> targets() {
  std::vector<Target> list;
  for (Isa isa : supported_isas())
    for (Operand operand : {Operand::bf16, Operand::f32, Operand::int8})
      if (operand != Operand::int8 || multiplies_bytes(isa)) list.push_back({isa, operand});
  return list;
}

INSTANTIATE_TEST_SUITE_P(Kernels, AttendParts, testing::ValuesIn(targets()), [](const auto& test) {
  return std::string(name(test.param.isa)) + "_" + std::string(name(test.param.operand));
});

}  // namespace
}  // namespace fathom
