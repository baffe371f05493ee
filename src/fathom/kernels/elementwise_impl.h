// The row kernels of elementwise.h, written once over simd/vec_*.h.
//
// Included by one file per instruction set, and nowhere else: all here is in the anonymous
// namespace, so that no file's code can stand in for another's.
#pragma once

#include <cstddef>
#include <cstring>

#include "fathom/kernels/elementwise_kernels.h"

namespace fathom {
namespace {

// The first `count` < kLanes elements; the other lanes are zero.
template <class Vec>
typename Vec::F load_first(const float* p, size_t count) {
  float lanes[Vec::kLanes] = {};
  std::memcpy(lanes, p, count * sizeof(float));
  return Vec::load(lanes);
}

template <class Vec>
void store_first(float* p, typename Vec::F x, size_t count) {
  float lanes[Vec::kLanes];
  Vec::store(lanes, x);
  std::memcpy(p, lanes, count * sizeof(float));
}

// y[i] = f(x[i], z[i]) over `count` elements; y may be x.
template <class Vec, class Function>
void map(const float* x, const float* z, size_t count, float* y, Function f) {
  constexpr size_t n = Vec::kLanes;
  size_t i = 0;
  for (; i + n <= count; i += n) Vec::store(y + i, f(Vec::load(x + i), Vec::load(z + i)));
  const size_t rest = count - i;
  if (rest > 0)
    store_first<Vec>(y + i, f(load_first<Vec>(x + i, rest), load_first<Vec>(z + i, rest)), rest);
}

// In f32, over 4 * kLanes partial sums: with positive terms only, the relative error is below
// count / (4 * kLanes) roundings, and typically the square root of that.
template <class Vec>
float sum_of_squares(const float* x, size_t count) {
  constexpr size_t n = Vec::kLanes;
  typename Vec::F sums[4] = {Vec::zero(), Vec::zero(), Vec::zero(), Vec::zero()};
  size_t i = 0;
  for (; i + 4 * n <= count; i += 4 * n) {
    for (size_t j = 0; j < 4; ++j) {
      const auto v = Vec::load(x + i + j * n);
      sums[j] = Vec::fma(v, v, sums[j]);
    }
  }
  for (; i < count; i += n) {
    const auto v = count - i >= n ? Vec::load(x + i) : load_first<Vec>(x + i, count - i);
    sums[0] = Vec::fma(v, v, sums[0]);
  }
  return Vec::reduce_add(Vec::add(Vec::add(sums[0], sums[1]), Vec::add(sums[2], sums[3])));
}

template <class Vec>
void rms_norm(const float* x, const float* weight, size_t count, float eps, float* y) {
  const float mean = sum_of_squares<Vec>(x, count) / static_cast<float>(count);
  const auto factor = Vec::set1(1.0f / __builtin_sqrtf(mean + eps));
  map<Vec>(x, weight, count, y, [factor](typename Vec::F v, typename Vec::F w) {
    return Vec::mul(Vec::mul(v, factor), w);
  });
}

// x / (1 + 2^-t): x times the logistic function of t ln 2. Below t = -126 the true factor is less
// than 2^-126; it is held there to keep exp2() in its range.
template <class Vec>
typename Vec::F times_logistic(typename Vec::F x, typename Vec::F t) {
  const auto exponent = Vec::sub(Vec::zero(), Vec::max(t, Vec::set1(-126.0f)));
  return x / Vec::add(Vec::set1(1.0f), Vec::template exp2<5>(exponent));
}

constexpr double kLog2E = 1.4426950408889634;
constexpr double kSqrt2OverPi = 0.7978845608028654;

template <class Vec>
void silu_mul(float* gate, const float* up, size_t count) {
  map<Vec>(gate, up, count, gate, [](typename Vec::F x, typename Vec::F u) {
    const auto t = Vec::mul(x, Vec::set1(static_cast<float>(kLog2E)));
    return Vec::mul(times_logistic<Vec>(x, t), u);
  });
}

// (1 + tanh(z)) / 2 is the logistic function of 2z.
template <class Vec>
void gelu_mul(float* gate, const float* up, size_t count) {
  constexpr auto kLinear = static_cast<float>(2 * kLog2E * kSqrt2OverPi);
  constexpr auto kCubic = static_cast<float>(2 * kLog2E * kSqrt2OverPi * 0.044715);
  map<Vec>(gate, up, count, gate, [](typename Vec::F x, typename Vec::F u) {
    const auto slope = Vec::fma(Vec::mul(x, x), Vec::set1(kCubic), Vec::set1(kLinear));
    return Vec::mul(times_logistic<Vec>(x, Vec::mul(x, slope)), u);
  });
}

// Sums and differences of lanes `kDistance` apart, and of all below.
template <class Vec, int kDistance>
typename Vec::F hadamard_lanes(typename Vec::F x) {
  if constexpr (kDistance > 1) x = hadamard_lanes<Vec, kDistance / 2>(x);
  float signs[Vec::kLanes];
  for (int i = 0; i < static_cast<int>(Vec::kLanes); ++i) signs[i] = i & kDistance ? -1.0f : 1.0f;
  return Vec::fma(x, Vec::load(signs), Vec::template exchange<kDistance>(x));
}

template <class Vec>
void hadamard_run(float* x, size_t size) {
  constexpr size_t n = Vec::kLanes;
  const auto scale = Vec::set1(1.0f / __builtin_sqrtf(static_cast<float>(size)));
  for (size_t i = 0; i < size; i += n)
    Vec::store(x + i, Vec::mul(hadamard_lanes<Vec, n / 2>(Vec::load(x + i)), scale));
  for (size_t distance = n; distance < size; distance *= 2) {
    for (size_t begin = 0; begin < size; begin += 2 * distance) {
      for (size_t i = begin; i < begin + distance; i += n) {
        const auto a = Vec::load(x + i);
        const auto b = Vec::load(x + i + distance);
        Vec::store(x + i, Vec::add(a, b));
        Vec::store(x + i + distance, Vec::sub(a, b));
      }
    }
  }
}

template <class Vec>
void hadamard(float* x, size_t count, size_t size) {
  for (size_t i = 0; i < count; i += size) hadamard_run<Vec>(x + i, size);
}

template <class Vec>
constexpr ElementwiseKernels kElementwise = {rms_norm<Vec>, silu_mul<Vec>, gelu_mul<Vec>,
                                             hadamard<Vec>};

}  // namespace
}  // namespace fathom
