// rope.h against the definition in double: every pair is a complex number times e^(i angle).
#include "fathom/kernels/rope.h"

#include <cmath>
#include <complex>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace fathom {
namespace {

std::vector<double> geometric_frequencies(size_t pairs, double base) {
  std::vector<double> frequencies(pairs);
  for (size_t i = 0; i < pairs; ++i)
    frequencies[i] = std::pow(base, -static_cast<double>(i) / static_cast<double>(pairs));
  return frequencies;
}

std::vector<float> random_floats(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

struct Case {
  RopePairing pairing;
  size_t tokens, heads, head_dim, pairs;
  int64_t first_position;
  double magnitude;
};

// x after rotation, element by element.
std::vector<double> twin(const Case& c, const RopeSpec& spec, const std::vector<float>& x) {
  std::vector<double> y(x.begin(), x.end());
  for (size_t t = 0; t < c.tokens; ++t) {
    for (size_t h = 0; h < c.heads; ++h) {
      double* const head = y.data() + (t * c.heads + h) * c.head_dim;
      for (size_t i = 0; i < c.pairs; ++i) {
        const bool adjacent = c.pairing == RopePairing::adjacent;
        double& a = head[adjacent ? 2 * i : i];
        double& b = head[adjacent ? 2 * i + 1 : i + c.pairs];
        const auto position = static_cast<double>(c.first_position + static_cast<int64_t>(t));
        const auto turned =
            std::complex<double>(a, b) * std::polar(spec.magnitude, position * spec.frequencies[i]);
        a = turned.real();
        b = turned.imag();
      }
    }
  }
  return y;
}

// With threads enough to matter, on a matrix whose rows are `gap` elements apart from end to start.
std::vector<float> rotated(const Case& c, const RopeSpec& spec, const std::vector<float>& x,
                           size_t threads, size_t gap) {
  ThreadPool pool(threads);
  const Compute compute{.pool = &pool};
  std::vector<Position> positions(c.tokens);
  for (size_t t = 0; t < c.tokens; ++t) positions[t] = {c.first_position + static_cast<int64_t>(t)};
  RopeAngles angles;
  angles.compute(spec, positions);
  const size_t cols = c.heads * c.head_dim;
  std::vector<float> y(c.tokens * (cols + gap), 7.0f);
  for (size_t t = 0; t < c.tokens; ++t)
    std::copy_n(x.begin() + static_cast<std::ptrdiff_t>(t * cols), cols,
                y.begin() + static_cast<std::ptrdiff_t>(t * (cols + gap)));
  rope(compute, angles, c.pairing, c.head_dim, {y.data(), c.tokens, cols, cols + gap});
  std::vector<float> out;
  for (size_t t = 0; t < c.tokens; ++t) {
    const float* const row = y.data() + t * (cols + gap);
    out.insert(out.end(), row, row + cols);
    for (size_t g = 0; g < gap; ++g) EXPECT_EQ(row[cols + g], 7.0f) << "wrote past the row";
  }
  return out;
}

class Rope : public testing::TestWithParam<Case> {};

TEST_P(Rope, TurnsEveryPairByItsAngle) {
  const Case c = GetParam();
  const RopeSpec spec{c.pairing, geometric_frequencies(c.pairs, 10000), c.magnitude};
  const std::vector<float> x = random_floats(c.tokens * c.heads * c.head_dim, 1);
  const std::vector<double> want = twin(c, spec, x);
  const std::vector<float> got = rotated(c, spec, x, 1, 3);
  // cos, sin, two products and a sum each round once: under 3 ulp of the pair's length, which is
  // below 6 for normal inputs. A double's angle error at position 10^6 is far smaller.
  const double tolerance = 3 * 0x1p-24 * 6 * c.magnitude;
  for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], want[i], tolerance) << i;
}

TEST_P(Rope, DoesNotDependOnThreads) {
  const Case c = GetParam();
  const RopeSpec spec{c.pairing, geometric_frequencies(c.pairs, 10000), c.magnitude};
  const std::vector<float> x = random_floats(c.tokens * c.heads * c.head_dim, 2);
  const std::vector<float> one = rotated(c, spec, x, 1, 0);
  EXPECT_EQ(rotated(c, spec, x, 2, 0), one);
  EXPECT_EQ(rotated(c, spec, x, 3, 0), one);
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, Rope,
    testing::Values(Case{RopePairing::adjacent, 0, 2, 64, 32, 0, 1},
                    Case{RopePairing::adjacent, 1, 1, 2, 1, 5, 1},
                    Case{RopePairing::adjacent, 5, 3, 64, 32, 1'000'000, 1},
                    Case{RopePairing::halves, 5, 3, 64, 32, 1'000'000, 1},
                    Case{RopePairing::halves, 3, 1, 256, 128, 77, 1.25},
                    Case{RopePairing::adjacent, 4, 2, 80, 20, 9, 1},   // partial rotary
                    Case{RopePairing::halves, 4, 2, 80, 20, 9, 1.1},   // partial rotary
                    Case{RopePairing::adjacent, 4, 2, 16, 0, 9, 1},    // nothing turns
                    Case{RopePairing::adjacent, 67, 9, 64, 32, 3, 1},  // several tasks
                    Case{RopePairing::halves, 67, 9, 64, 32, 3, 1}));

TEST(RopeAngles, ShrinkAndGrow) {
  RopeAngles angles;
  const RopeSpec spec{RopePairing::halves, {1.0, 0.5}, 1};
  const std::vector<Position> many = {{0}, {1}, {2}};
  angles.compute(spec, many);
  EXPECT_EQ(angles.tokens(), 3u);
  EXPECT_EQ(angles.cosines(2)[1], std::cos(1.0f));
  const std::vector<Position> one = {{4}};
  angles.compute(spec, one);
  EXPECT_EQ(angles.tokens(), 1u);
  EXPECT_EQ(angles.sines(0)[1], static_cast<float>(std::sin(2.0)));
}

}  // namespace
}  // namespace fathom
