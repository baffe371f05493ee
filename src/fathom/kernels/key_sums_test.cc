// What keys get of the softmax weights, against double precision: parts, masks, orders of queries,
// operands, coded blocks.
#include "fathom/kernels/key_sums.h"

#include <cmath>
#include <deque>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "fathom/kernels/attend_pieces.h"
#include "fathom/kernels/coded_block.h"

namespace fathom {
namespace {

struct Target {
  Isa isa;
  Operand operand;
};

// Of a weight's size: scores of some tens, off by 2e-6 of that, and the polynomial of a power,
// 7.5e-5 in bf16. In 8 bits a score is off by up to some hundredths.
double tolerance(Operand operand) {
  return operand == Operand::f32 ? 5e-5 : operand == Operand::bf16 ? 3e-4 : 5e-2;
}

constexpr size_t kWidth = kHeads * kHeadDim;

// A call of attend() that ran.
AttendArgs args_of(const std::vector<float>& queries, float scale,
                   std::span<const AttendPart> parts, std::vector<float>& log_sums) {
  const size_t rows = queries.size() / kWidth;
  AttendArgs args;
  args.queries = {queries.data(), rows, kWidth};
  args.head_dim = kHeadDim;
  args.scale = scale;
  args.parts = parts;
  args.log_sums = {log_sums.data(), rows, kHeads};
  return args;
}

// The twin: log_sums of all pieces in double precision, and what keys get by them.
std::vector<float> log_sums_of(const std::deque<Piece>& pieces, size_t queries) {
  std::vector<float> sums;
  for (size_t q = 0; q < queries; ++q)
    for (size_t h = 0; h < kHeads; ++h)
      sums.push_back(static_cast<float>(reference_row(pieces, q, h).log_sum));
  return sums;
}

double got_by(const Piece& piece, size_t key, const std::vector<float>& log_sums) {
  double sum = 0;
  for (size_t q = 0; q < piece.p.queries; ++q)
    for (size_t h = piece.head; h < piece.head + piece.heads; ++h)
      if (piece.bits[q][key]) sum += std::exp2(piece.score(q, h, key) - log_sums[q * kHeads + h]);
  return sum;
}

class KeySums : public testing::TestWithParam<Target> {
 protected:
  // Of each piece, [blocks * kBlock].
  std::vector<std::vector<float>> run(const Problem& p, const std::deque<Piece>& pieces,
                                      std::vector<float> log_sums, size_t threads = 2) {
    ThreadPool pool(threads);
    std::vector<AttendPart> parts;
    std::vector<std::vector<float>> sums;
    std::vector<float*> to;
    for (const Piece& piece : pieces) {
      parts.push_back(piece.part());
      sums.emplace_back((piece.p.keys + kBlock - 1) / kBlock * kBlock, 0.0f);
    }
    for (std::vector<float>& of_piece : sums) to.push_back(of_piece.data());
    key_sums({.isa = GetParam().isa, .pool = &pool}, args_of(p.q, p.scale, parts, log_sums), to);
    return sums;
  }

  void check(const Problem& p, const std::deque<Piece>& pieces) {
    std::vector<float> log_sums = log_sums_of(pieces, p.queries);
    const std::vector<std::vector<float>> got = run(p, pieces, log_sums);
    for (size_t i = 0; i < pieces.size(); ++i) {
      for (size_t key = 0; key < got[i].size(); ++key) {
        const double want = key < pieces[i].p.keys ? got_by(pieces[i], key, log_sums) : 0;
        ASSERT_NEAR(got[i][key], want, tolerance(pieces[i].operand) * want + 1e-7)
            << "piece " << i << ", key " << key << " of " << pieces[i].p.keys;
      }
    }
  }
};

Problem queries_and_keys(size_t queries, size_t keys) {
  return make_problem(queries, keys, kHeads, 1, kHeadDim, static_cast<uint32_t>(queries + keys));
}

TEST_P(KeySums, OfOnePart) {
  for (const size_t queries : {1, 2, 5, 64, 65, 130}) {
    for (const size_t keys : {1, 64, 200, 1100}) {  // the last of more than one task
      const Problem p = queries_and_keys(queries, keys);
      std::deque<Piece> pieces;
      pieces.emplace_back(p, GetParam().operand, random_bits(queries, keys, 3));
      ASSERT_NO_FATAL_FAILURE(check(p, pieces)) << queries << " queries";
    }
  }
}

// Means in 8 bits are taken for 64 blocks at a time; here queries see more.
TEST_P(KeySums, ManyBlocks) {
  const Problem p = queries_and_keys(7, 4500);
  std::deque<Piece> pieces;
  pieces.emplace_back(p, GetParam().operand, random_bits(p.queries, p.keys, 4));
  ASSERT_NO_FATAL_FAILURE(check(p, pieces));
}

TEST_P(KeySums, OfSeveralPartsAndOrdersOfQueries) {
  const Problem p = queries_and_keys(150, 130);
  const Operand other = GetParam().operand == Operand::f32 ? Operand::f32 : Operand::bf16;
  std::deque<Piece> pieces;
  pieces.emplace_back(p, GetParam().operand, random_bits(p.queries, p.keys, 5));
  Piece& some = pieces.emplace_back(other_keys(p, 70, 6), other, random_bits(p.queries, 70, 7));
  some.head = 1;
  some.heads = 2;
  pieces.emplace_back(other_keys(p, 200, 8), other, random_bits(p.queries, 200, 9))
      .shuffle(shuffled_queries(p.queries, 10));
  ASSERT_NO_FATAL_FAILURE(check(p, pieces));
}

// Two heads with plans of their own over the same keys: what one part of both would get.
TEST_P(KeySums, PartsMayShareSums) {
  const Problem p = queries_and_keys(66, 300);
  std::deque<Piece> pieces;
  for (size_t half = 0; half < 2; ++half) {
    Piece& piece = pieces.emplace_back(p, GetParam().operand, random_bits(66, 300, 11));
    piece.head = 2 * half;
    piece.heads = 2;
  }
  std::vector<float> log_sums = log_sums_of(pieces, p.queries);
  const std::vector<std::vector<float>> apart = run(p, pieces, log_sums);
  std::vector<float> shared(apart[0].size(), 1.0f);  // added to
  const std::vector<AttendPart> parts = {pieces[0].part(), pieces[1].part()};
  ThreadPool pool(2);
  key_sums({.isa = GetParam().isa, .pool = &pool}, args_of(p.q, p.scale, parts, log_sums),
           std::vector<float*>{shared.data(), shared.data()});
  for (size_t i = 0; i < shared.size(); ++i)
    EXPECT_NEAR(shared[i], 1 + apart[0][i] + apart[1][i], 1e-6 * (1 + shared[i]));
}

// attend()'s own log_sums: each query hands out 1 in all.
TEST_P(KeySums, AddUpToTheQueries) {
  const Problem p = queries_and_keys(100, 700);
  std::deque<Piece> pieces;
  pieces.emplace_back(p, GetParam().operand, Bits(100, std::vector<bool>(700, true)));
  std::vector<float> out(p.q.size()), log_sums(p.queries * kHeads);
  const AttendPart part = pieces.front().part();
  ThreadPool pool(2);
  AttendArgs args = args_of(p.q, p.scale, {&part, 1}, log_sums);
  args.out = {out.data(), p.queries, kWidth};
  attend({.isa = GetParam().isa, .pool = &pool}, args);
  const std::vector<float> got = run(p, pieces, log_sums).front();
  double sum = 0;
  for (const float x : got) sum += x;
  // A query's sum is of weights rounded to bf16, by at most 2^-8 each and to either side.
  EXPECT_NEAR(sum, p.queries * kHeads, p.queries * kHeads * 0x1p-9);
}

TEST_P(KeySums, QueriesOfThePartsOwn) {
  const Problem p = queries_and_keys(70, 130);
  std::deque<Piece> pieces;
  pieces.emplace_back(p, GetParam().operand, random_bits(p.queries, p.keys, 12));
  std::vector<float> log_sums = log_sums_of(pieces, p.queries);
  const std::vector<float> want = run(p, pieces, log_sums).front();
  const std::vector<float> nothing(p.q.size());
  AttendPart part = pieces.front().part();
  part.queries = {p.q.data(), p.queries, kWidth};
  std::vector<float> got(want.size());
  ThreadPool pool(2);
  key_sums({.isa = GetParam().isa, .pool = &pool}, args_of(nothing, p.scale, {&part, 1}, log_sums),
           std::vector<float*>{got.data()});
  EXPECT_EQ(got, want);
}

TEST_P(KeySums, SameBitsForAnyNumberOfThreads) {
  const Problem p = queries_and_keys(70, 2500);
  std::deque<Piece> pieces;
  pieces.emplace_back(p, GetParam().operand, random_bits(p.queries, p.keys, 13));
  std::vector<float> log_sums = log_sums_of(pieces, p.queries);
  const auto want = run(p, pieces, log_sums, 1);
  for (const size_t threads : {2, 3, 5}) EXPECT_EQ(run(p, pieces, log_sums, threads), want);
}

// Coded blocks give what their decoded keys give, bit for bit.
TEST_P(KeySums, OfCodedBlocks) {
  const Operand operand = GetParam().operand;
  if (operand == Operand::int8) return;  // its keys are not coded
  Problem p = queries_and_keys(70, 1280);
  const size_t bytes = coded_key_bytes(KvType::q4, kHeadDim);
  Buffer<std::byte> memory(p.keys / kBlock * bytes);
  std::vector<uint8_t> coded(p.keys / kBlock);
  for (size_t block = 1; block < coded.size(); block += 2) {  // every other one
    const Matrix<float> rows(p.k.data() + block * kBlock * kHeadDim, kBlock, kHeadDim);
    coded[block] = 1;
    encode_keys(KvType::q4, rows, memory.data() + block * bytes);
    decode_keys(KvType::q4, memory.data() + block * bytes, rows);
  }
  std::deque<Piece> pieces;
  pieces.emplace_back(p, operand, random_bits(p.queries, p.keys, 14));
  std::vector<float> log_sums = log_sums_of(pieces, p.queries);
  AttendPart part = pieces.front().part();
  std::vector<const std::byte*> blocks(part.keys.key_blocks, part.keys.key_blocks + coded.size());
  for (size_t block = 0; block < coded.size(); ++block)
    if (coded[block] != 0) blocks[block] = memory.data() + block * bytes;
  part.keys.key_blocks = blocks.data();
  part.keys.coded = coded.data();
  part.keys.key_type = KvType::q4;
  std::vector<float> got(p.keys);
  ThreadPool pool(2);
  key_sums({.isa = GetParam().isa, .pool = &pool}, args_of(p.q, p.scale, {&part, 1}, log_sums),
           std::vector<float*>{got.data()});
  EXPECT_EQ(got, run(p, pieces, log_sums).front());
}

std::vector<Target> targets() {
  std::vector<Target> list;
  for (Isa isa : supported_isas())
    for (Operand operand : {Operand::bf16, Operand::f32, Operand::int8})
      if (operand != Operand::int8 || multiplies_bytes(isa)) list.push_back({isa, operand});
  return list;
}

INSTANTIATE_TEST_SUITE_P(Kernels, KeySums, testing::ValuesIn(targets()), [](const auto& test) {
  return std::string(name(test.param.isa)) + "_" + std::string(name(test.param.operand));
});

}  // namespace
}  // namespace fathom
