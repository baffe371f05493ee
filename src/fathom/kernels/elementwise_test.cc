// elementwise.h against the definitions in double, for every ISA this machine runs.
#include "fathom/kernels/elementwise.h"

#include <cmath>
#include <functional>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace fathom {
namespace {

// Rows `gap` elements apart, so that a kernel that ignores the stride or overruns a row is seen.
struct Padded {
  static constexpr size_t kGap = 5;
  static constexpr float kFill = 1234.5f;
  size_t rows, cols;
  std::vector<float> storage;

  Padded(size_t r, size_t c, uint32_t seed, float spread) : rows(r), cols(c) {
    storage.assign(rows * (cols + kGap), kFill);
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0, spread);
    for (size_t i = 0; i < rows; ++i)
      for (size_t j = 0; j < cols; ++j) at(i, j) = normal(random);
  }
  float& at(size_t i, size_t j) { return storage[i * (cols + kGap) + j]; }
  float at(size_t i, size_t j) const { return storage[i * (cols + kGap) + j]; }
  Matrix<float> view() { return {storage.data(), rows, cols, cols + kGap}; }
  void expect_gaps_untouched() const {
    for (size_t i = 0; i < rows; ++i)
      for (size_t j = cols; j < cols + kGap; ++j)
        ASSERT_EQ(storage[i * (cols + kGap) + j], kFill) << "wrote past row " << i;
  }
};

using Twin = std::function<double(size_t i, size_t j)>;

// |got - want| <= relative(i, j) * |want| + absolute.
void expect_close(const Padded& got, const Twin& want, const Twin& relative, double absolute) {
  for (size_t i = 0; i < got.rows; ++i) {
    for (size_t j = 0; j < got.cols; ++j) {
      const double expected = want(i, j);
      ASSERT_NEAR(got.at(i, j), expected, relative(i, j) * std::abs(expected) + absolute)
          << "row " << i << " column " << j;
    }
  }
  got.expect_gaps_untouched();
}

double exact(size_t, size_t) { return 0; }

struct Shape {
  size_t rows, cols;
};
constexpr Shape kShapes[] = {{0, 16}, {1, 1},  {1, 15}, {2, 16},   {3, 17},
                             {1, 63}, {2, 65}, {5, 96}, {7, 1536}, {67, 1024}};

class Elementwise : public testing::TestWithParam<Isa> {
 protected:
  // Runs `body` with one, two and three threads: each must meet its tolerance and, as every
  // element is computed the same way, give the same bits.
  void with_threads(const std::function<Padded(const Compute&)>& body) {
    std::vector<float> first;
    for (const size_t threads : {1, 2, 3}) {
      ThreadPool pool(threads);
      const Padded got = body({.isa = GetParam(), .pool = &pool});
      if (threads == 1) first = got.storage;
      EXPECT_EQ(got.storage, first) << threads << " threads";
    }
  }
};

// Both activations are x / (1 + 2^-t).
double silu_exponent(double x) { return x * M_LOG2E; }
double gelu_exponent(double x) {
  return 2 * M_LOG2E * std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x);
}
double silu(double x) { return x / (1 + std::exp2(-silu_exponent(x))); }
// (1 + tanh(z)) / 2 = 1 / (1 + e^-2z), which does not cancel for negative z.
double gelu(double x) { return x / (1 + std::exp2(-gelu_exponent(x))); }

TEST_P(Elementwise, RmsNormOverRowsAndOverGroups) {
  for (const Shape shape : kShapes) {
    for (const size_t groups : {1, 3}) {
      if (groups > 1 && shape.cols > 100) continue;
      const Shape whole{shape.rows, shape.cols * groups};
      const Padded x(whole.rows, whole.cols, 1, 2);
      const Padded weight(1, shape.cols, 2, 1);
      const float eps = 1e-5f;
      const auto want = [&](size_t i, size_t j) {
        const size_t begin = j / shape.cols * shape.cols;
        double squares = 0;
        for (size_t k = begin; k < begin + shape.cols; ++k)
          squares += double{x.at(i, k)} * x.at(i, k);
        return x.at(i, j) / std::sqrt(squares / static_cast<double>(shape.cols) + eps) *
               weight.at(0, j - begin);
      };
      with_threads([&](const Compute& compute) {
        Padded in = x;
        Padded out(whole.rows, whole.cols, 3, 1);
        const std::span<const float> w(weight.storage.data(), shape.cols);
        rms_norm(compute, in.view(), w, eps, out.view());
        expect_close(out, want, [](size_t, size_t) { return 1e-6; }, 0);
        rms_norm(compute, in.view(), w, eps, in.view());
        EXPECT_EQ(in.storage, out.storage) << "in place";
        return out;
      });
    }
  }
}

TEST_P(Elementwise, RmsNormOfZerosIsZero) {
  ThreadPool pool(1);
  std::vector<float> x(64, 0.0f);
  const std::vector<float> weight(64, 3.0f);
  rms_norm({.isa = GetParam(), .pool = &pool}, {x.data(), 1, 64}, weight, 1e-6f, {x.data(), 1, 64});
  EXPECT_EQ(x, std::vector<float>(64, 0.0f));
}

// Gates far out on both sides too: there e^-x is 0 or beyond every float.
Padded wide_gates(Shape shape) {
  Padded gate(shape.rows, shape.cols, 4, 3);
  const float extremes[] = {0.0f,   -0.0f,  20.0f,   -20.0f, 88.8f,
                            -88.8f, 104.0f, -104.0f, 1e4f,   -1e4f};
  size_t next = 0;
  for (size_t i = 0; i < shape.rows; ++i)
    for (size_t j = 0; j < shape.cols; j += 7) gate.at(i, j) = extremes[next++ % 10];
  return gate;
}

// Roundings of x act(x) u, as a share of the result: a few for the products and the quotient, and
// every rounding of the exponent t (two for SiLU, four for GELU) shifts 2^t by |t| ln 2 of itself.
double share(double t, int roundings) { return (6 + roundings * std::abs(t) * M_LN2) * 0x1p-24; }
// Where the gate's act is below 2^-126 it is held there.
constexpr double kHeld = 1e4 * 0x1p-126 * 6;

TEST(Activations, GeluIsItsTanhForm) {
  for (const double x : {-3.0, -1.0, -0.1, 0.0, 0.5, 2.0}) {
    const double z = std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x);
    EXPECT_NEAR(gelu(x), 0.5 * x * (1 + std::tanh(z)), 1e-14);
  }
}

TEST_P(Elementwise, SiluMul) {
  for (const Shape shape : kShapes) {
    const Padded gate = wide_gates(shape);
    Padded up(shape.rows, shape.cols, 5, 1);
    with_threads([&](const Compute& compute) {
      Padded out = gate;
      silu_mul(compute, out.view(), up.view());
      expect_close(
          out, [&](size_t i, size_t j) { return silu(gate.at(i, j)) * up.at(i, j); },
          [&](size_t i, size_t j) { return share(silu_exponent(gate.at(i, j)), 2); }, kHeld);
      return out;
    });
  }
}

TEST_P(Elementwise, GeluMul) {
  for (const Shape shape : kShapes) {
    const Padded gate = wide_gates(shape);
    Padded up(shape.rows, shape.cols, 6, 1);
    with_threads([&](const Compute& compute) {
      Padded out = gate;
      gelu_mul(compute, out.view(), up.view());
      expect_close(
          out, [&](size_t i, size_t j) { return gelu(gate.at(i, j)) * up.at(i, j); },
          [&](size_t i, size_t j) { return share(gelu_exponent(gate.at(i, j)), 4); }, kHeld);
      return out;
    });
  }
}

TEST_P(Elementwise, AddAddBiasScale) {
  for (const Shape shape : kShapes) {
    const Padded x(shape.rows, shape.cols, 7, 1);
    Padded y(shape.rows, shape.cols, 8, 1);
    const Padded bias(1, shape.cols, 9, 1);
    with_threads([&](const Compute& compute) {
      Padded out = x;
      add(compute, out.view(), y.view());
      expect_close(out, [&](size_t i, size_t j) { return x.at(i, j) + y.at(i, j); }, exact, 0);
      return out;
    });
    with_threads([&](const Compute& compute) {
      Padded out = x;
      add_bias(compute, out.view(), {bias.storage.data(), shape.cols});
      expect_close(out, [&](size_t i, size_t j) { return x.at(i, j) + bias.at(0, j); }, exact, 0);
      return out;
    });
    with_threads([&](const Compute& compute) {
      Padded out = x;
      scale(compute, out.view(), 0.3f);
      expect_close(out, [&](size_t i, size_t j) { return x.at(i, j) * 0.3f; }, exact, 0);
      return out;
    });
  }
}

// H[i][j] of n: -1 to the number of bits that i and j share, over sqrt(n).
TEST_P(Elementwise, HadamardIsTheOrthogonalMatrix) {
  ThreadPool pool(2);
  const Compute compute{.isa = GetParam(), .pool = &pool};
  for (const size_t dim : {16, 48, 64, 80, 96, 112, 128, 256}) {
    const size_t size = dim & -dim;
    const Padded before(5, 3 * dim, static_cast<uint32_t>(dim), 1);
    Padded x = before;
    hadamard(compute, dim, x.view());
    const auto entry = [&](size_t i, size_t j) {
      return (__builtin_popcountll(i & j) % 2 == 0 ? 1 : -1) / std::sqrt(static_cast<double>(size));
    };
    const Twin want = [&](size_t row, size_t column) {
      double sum = 0;
      for (size_t i = 0; i < size; ++i)
        sum += entry(column % size, i) * before.at(row, column / size * size + i);
      return sum;
    };
    expect_close(x, want, exact, 8 * 0x1p-22);  // eight additions of numbers up to 4
  }
}

INSTANTIATE_TEST_SUITE_P(Isas, Elementwise,
                         testing::ValuesIn(supported_isas().begin(), supported_isas().end()),
                         [](const auto& param) { return std::string(name(param.param)); });

}  // namespace
}  // namespace fathom
