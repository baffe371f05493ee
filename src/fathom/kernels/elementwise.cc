#include "fathom/kernels/elementwise.h"

#include <algorithm>
#include <cassert>

#include "fathom/kernels/elementwise_kernels.h"

namespace fathom {
namespace {

const ElementwiseKernels& kernels(Isa isa) {
  switch (isa) {
#if defined(__x86_64__)
    case Isa::avx2:
    case Isa::avx2vnni:
      return elementwise_avx2;
    case Isa::avx512:
    case Isa::avx512bf16:
      return elementwise_avx512;
#elif defined(__aarch64__)
    case Isa::neon:
      return elementwise_neon;
#endif
    default:
      return elementwise_portable;
  }
}

// Below this many elements a fork and join costs more than it saves.
constexpr size_t kParallelElements = 32768;
constexpr size_t kElementsPerTask = 8192;

// step(r) for every row of a [rows, cols] matrix; in parallel where that pays.
template <class Step>
void for_rows(const Compute& compute, size_t rows, size_t cols, Step step) {
  if (rows * cols < kParallelElements) {
    for (size_t r = 0; r < rows; ++r) step(r);
    return;
  }
  const size_t rows_per_task = std::max<size_t>(1, kElementsPerTask / cols);
  compute.pool->run((rows + rows_per_task - 1) / rows_per_task, [&](size_t task, size_t) {
    const size_t begin = task * rows_per_task;
    const size_t end = std::min(begin + rows_per_task, rows);
    for (size_t r = begin; r < end; ++r) step(r);
  });
}

// Bounded by memory, whatever the instruction set.
void add_row(float* x, const float* y, size_t count) {
  for (size_t i = 0; i < count; ++i) x[i] += y[i];
}

}  // namespace

void rms_norm(const Compute& compute, ConstMatrix<float> x, std::span<const float> weight,
              float eps, Matrix<float> y) {
  const size_t group = weight.size();
  assert(group > 0 && x.cols % group == 0 && y.rows == x.rows && y.cols == x.cols);
  const auto norm = kernels(compute.isa).rms_norm;
  for_rows(compute, x.rows, x.cols, [&](size_t r) {
    for (size_t c = 0; c < x.cols; c += group)
      norm(x.row(r) + c, weight.data(), group, eps, y.row(r) + c);
  });
}

void silu_mul(const Compute& compute, Matrix<float> gate, ConstMatrix<float> up) {
  assert(gate.rows == up.rows && gate.cols == up.cols);
  const auto multiply = kernels(compute.isa).silu_mul;
  for_rows(compute, gate.rows, gate.cols,
           [&](size_t r) { multiply(gate.row(r), up.row(r), gate.cols); });
}

void gelu_mul(const Compute& compute, Matrix<float> gate, ConstMatrix<float> up) {
  assert(gate.rows == up.rows && gate.cols == up.cols);
  const auto multiply = kernels(compute.isa).gelu_mul;
  for_rows(compute, gate.rows, gate.cols,
           [&](size_t r) { multiply(gate.row(r), up.row(r), gate.cols); });
}

void hadamard(const Compute& compute, size_t head_dim, Matrix<float> x) {
  assert(head_dim % 16 == 0 && x.cols % head_dim == 0);
  const size_t size = head_dim & -head_dim;
  const auto rotate = kernels(compute.isa).hadamard;
  for_rows(compute, x.rows, x.cols, [&](size_t r) { rotate(x.row(r), x.cols, size); });
}

void add(const Compute& compute, Matrix<float> x, ConstMatrix<float> y) {
  assert(x.rows == y.rows && x.cols == y.cols);
  for_rows(compute, x.rows, x.cols, [&](size_t r) { add_row(x.row(r), y.row(r), x.cols); });
}

void add_bias(const Compute& compute, Matrix<float> x, std::span<const float> bias) {
  assert(x.cols == bias.size());
  for_rows(compute, x.rows, x.cols, [&](size_t r) { add_row(x.row(r), bias.data(), x.cols); });
}

void scale(const Compute& compute, Matrix<float> x, float factor) {
  for_rows(compute, x.rows, x.cols, [&](size_t r) {
    float* const row = x.row(r);
    for (size_t c = 0; c < x.cols; ++c) row[c] *= factor;
  });
}

}  // namespace fathom
