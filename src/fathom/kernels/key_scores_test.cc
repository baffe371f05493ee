#include "fathom/kernels/key_scores.h"

#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "fathom/kernels/attend_twin.h"
#include "fathom/kernels/coded_block.h"

namespace fathom {
namespace {

// Rounded operands and their products are the twin's, added in f32: up to 256 products, off by some
// 1e-6 of what they are sums of. In 8 bits a code halfway between two may be rounded to the other.
double score_tolerance(Operand operand) { return operand == Operand::int8 ? 0x1p-7 : 2e-6; }
// Of scores of up to some tens of units, off by 2e-6 of that, and the polynomial of a power: 7.5e-5
// in bf16. In 8 bits a score is off by up to some hundredths.
double mass_tolerance(Operand operand) {
  return operand == Operand::f32 ? 2e-5 : operand == Operand::bf16 ? 3e-4 : 3e-2;
}

struct Target {
  Isa isa;
  Operand operand;
};

std::vector<Target> targets() {
  std::vector<Target> list;
  for (Isa isa : supported_isas())
    for (Operand operand : {Operand::bf16, Operand::f32, Operand::int8})
      if (operand != Operand::int8 || multiplies_bytes(isa)) list.push_back({isa, operand});
  return list;
}

size_t blocks_of(const Problem& p) { return (p.keys + kBlock - 1) / kBlock; }

class KeyScores : public testing::TestWithParam<Target> {
 protected:
  static KeyScoresArgs args_of(const Problem& p, const Cache& cache) {
    return {.queries = {p.q.data(), p.queries, p.head_dim},
            .scale = p.scale,
            .key_blocks = cache.views().front().key_blocks,
            .blocks = blocks_of(p),
            .operand = GetParam().operand};
  }

  static std::vector<float> masses_of(const Problem& p, const Cache& cache,
                                      const std::vector<size_t>& visible) {
    std::vector<float> got(p.queries * blocks_of(p), NAN);
    block_masses(GetParam().isa, args_of(p, cache), visible, {got.data(), p.queries, blocks_of(p)});
    return got;
  }

  static void check_scores(const Problem& p) {
    const auto [isa, operand] = GetParam();
    const Cache cache(p, operand);
    const Scores want(p, cache, operand);
    KeyScoresArgs args = args_of(p, cache);
    args.scale *= std::numbers::log2e_v<float>;  // as the twin's are
    std::vector<float> got(p.queries * args.blocks * kBlock, NAN);
    key_scores(isa, args, {got.data(), p.queries, args.blocks * kBlock});
    for (size_t r = 0; r < p.queries; ++r) {
      for (size_t k = 0; k < p.keys; ++k) {
        double size = 0;
        for (size_t d = 0; d < p.head_dim; ++d)
          size += std::abs(double{args.scale} * p.q[r * p.head_dim + d] * p.k[k * p.head_dim + d]);
        ASSERT_NEAR(got[r * args.blocks * kBlock + k], want(r, 0, k),
                    score_tolerance(operand) * size)
            << p.queries << " rows of " << p.head_dim << ", row " << r << ", key " << k;
      }
    }
  }

  static void check_masses(const Problem& p, const std::vector<size_t>& visible) {
    const auto operand = GetParam().operand;
    const Cache cache(p, operand);
    const Scores score(p, cache, operand);
    const std::vector<float> got = masses_of(p, cache, visible);
    for (size_t r = 0; r < p.queries; ++r) {
      double largest = -INFINITY;
      for (size_t k = 0; k < visible[r]; ++k) largest = std::max(largest, score(r, 0, k));
      std::vector<double> want(blocks_of(p), 0.0);
      double sum = 0;
      for (size_t k = 0; k < visible[r]; ++k) {
        const double power = std::exp2(score(r, 0, k) - largest);
        want[k / kBlock] += power;
        sum += power;
      }
      for (size_t b = 0; b < want.size(); ++b)
        ASSERT_NEAR(got[r * want.size() + b], sum == 0 ? 0 : want[b] / sum,
                    mass_tolerance(operand) * (sum == 0 ? 0 : 1))
            << p.queries << " rows of " << p.head_dim << ", row " << r << " of " << visible[r]
            << " keys, block " << b;
    }
  }
};

// The last row sees every key, the one before it `step` fewer, ...
std::vector<size_t> causal(const Problem& p, size_t step) {
  std::vector<size_t> visible(p.queries);
  for (size_t r = 0; r < p.queries; ++r)
    visible[r] = p.keys - std::min(p.keys, (p.queries - 1 - r) * step);
  return visible;
}

// Blocks of which some are coded give what blocks packed from their decoded keys do; a decoded
// element that lies halfway between two bf16 may be rounded to the other.
TEST_P(KeyScores, CodedKeys) {
  const auto [isa, operand] = GetParam();
  if (operand == Operand::int8) return;  // keys in 8 bits are never coded
  for (const KvType type : {KvType::f16, KvType::bf16, KvType::q8, KvType::q4}) {
    for (const size_t rows : {1, 9, 40}) {
      Problem p = make_problem(rows, 300, 1, 1, 80, 23);
      const Cache plain(p, operand);
      std::vector<Buffer<std::byte>> memory;
      std::vector<const std::byte*> keys(plain.views().front().key_blocks,
                                         plain.views().front().key_blocks + blocks_of(p));
      const std::vector<uint8_t> coded = {0, 1, 1, 0, 0};
      for (size_t b = 1; b < 3; ++b) {
        const Matrix<float> block(p.k.data() + b * kBlock * p.head_dim, kBlock, p.head_dim);
        memory.emplace_back(coded_key_bytes(type, p.head_dim));
        encode_keys(type, block, memory.back().data());
        decode_keys(type, memory.back().data(), block);
        if (type != plain_type(operand)) keys[b] = memory.back().data();
      }
      const Cache decoded(p, operand);
      KeyScoresArgs args = args_of(p, decoded);
      std::vector<float> want(rows * args.blocks * kBlock), got(want.size());
      key_scores(isa, args, {want.data(), rows, args.blocks * kBlock});
      args.key_blocks = keys.data();
      args.coded = coded.data();
      args.key_type = type;
      key_scores(isa, args, {got.data(), rows, args.blocks * kBlock});
      for (size_t r = 0; r < rows; ++r) {
        for (size_t k = 0; k < p.keys; ++k) {
          double size = 0;
          double largest = 0;
          for (size_t d = 0; d < p.head_dim; ++d) {
            const double product =
                std::abs(double{args.scale} * p.q[r * p.head_dim + d] * p.k[k * p.head_dim + d]);
            size += product;
            largest = std::max(largest, product);
          }
          const double flip = operand == Operand::bf16 ? 0x1p-7 * largest : 0;
          ASSERT_NEAR(got[r * args.blocks * kBlock + k], want[r * args.blocks * kBlock + k],
                      score_tolerance(operand) * size + flip)
              << name(type) << ", row " << r << " of " << rows << ", key " << k;
        }
      }
    }
  }
}

TEST_P(KeyScores, HeadSizes) {
  for (size_t dim = 16; dim <= 256; dim += 16) {
    const Problem p = make_problem(9, 150, 1, 1, dim, static_cast<uint32_t>(dim));
    check_scores(p);
    check_masses(p, causal(p, 1));
  }
}

TEST_P(KeyScores, RowsOfEveryTile) {
  for (const size_t rows : {0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 20}) {
    const Problem p = make_problem(rows, 300, 1, 1, 32, static_cast<uint32_t>(rows));
    check_scores(p);
    check_masses(p, causal(p, 17));
  }
}

TEST_P(KeyScores, MaskedAroundBlockEdges) {
  for (const size_t keys : {1, 63, 64, 65, 128, 129, 200}) {
    const Problem p = make_problem(6, keys, 1, 1, 64, static_cast<uint32_t>(keys));
    check_masses(p, causal(p, 1));
    check_masses(p, causal(p, 64));
    std::vector<size_t> nothing(p.queries);
    check_masses(p, nothing);
    nothing[2] = keys;  // and one row that sees something
    check_masses(p, nothing);
  }
}

// More than kBlock of them: means in 8 bits are taken anew.
TEST_P(KeyScores, ManyBlocks) {
  const Problem p = make_problem(13, 4200, 1, 1, 64, 17);
  check_scores(p);
  check_masses(p, causal(p, 300));
}

// Scores in the hundreds, rising and falling along the keys: powers would overflow or all vanish
// without the running maximum.
TEST_P(KeyScores, LargeScores) {
  for (const float size : {-1.0f, 1.0f}) {
    Problem p = make_problem(7, 1500, 1, 1, 64, 13);
    for (size_t i = 0; i < p.q.size(); ++i) p.q[i] = i % p.head_dim == 0 ? 40 : 0;
    for (size_t j = 0; j < p.keys; ++j) {
      const size_t step = j * 97 / p.keys;
      p.k[j * p.head_dim] = size * static_cast<float>(step) - 50;
    }
    p.scale = 1;
    check_masses(p, causal(p, 100));
  }
}

TEST_P(KeyScores, MassesOfARowAddUpToOne) {
  const Problem p = make_problem(8, 3000, 1, 1, 64, 5, 6);
  const Cache cache(p, GetParam().operand);
  const std::vector<float> got = masses_of(p, cache, causal(p, 311));
  for (size_t r = 0; r < p.queries; ++r) {
    double sum = 0;
    for (size_t b = 0; b < blocks_of(p); ++b) sum += got[r * blocks_of(p) + b];
    EXPECT_NEAR(sum, 1, 2e-6);
  }
}

TEST_P(KeyScores, AQueryThatIsNotANumberSpoilsItselfAlone) {
  Problem p = make_problem(6, 200, 1, 1, 32, 31);
  const Cache cache(p, GetParam().operand);
  const std::vector<size_t> visible(p.queries, p.keys);
  const std::vector<float> sound = masses_of(p, cache, visible);
  p.q[2 * p.head_dim + 7] = NAN;
  const std::vector<float> got = masses_of(p, cache, visible);
  for (size_t i = 0; i < got.size(); ++i) {
    if (i / blocks_of(p) == 2) {
      EXPECT_TRUE(std::isnan(got[i])) << i;
    } else {
      EXPECT_EQ(got[i], sound[i]) << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, KeyScores, testing::ValuesIn(targets()), [](const auto& test) {
  return std::string(name(test.param.isa)) + "_" + std::string(name(test.param.operand));
});

}  // namespace
}  // namespace fathom
