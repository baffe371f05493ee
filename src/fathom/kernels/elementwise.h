// The small steps between products, row by row.
#pragma once

#include <cstddef>
#include <span>

#include "fathom/base/matrix.h"
#include "fathom/kernels/compute.h"

namespace fathom {

// y = x / sqrt(mean(x^2) + eps) * weight over each group of weight.size() columns (Zhang and
// Sennrich 2019, arXiv:1910.07467). weight.size() divides x.cols: the whole row for a layer's norm,
// head_dim for QK norm. y may be x.
void rms_norm(const Compute& compute, ConstMatrix<float> x, std::span<const float> weight,
              float eps, Matrix<float> y);

// The gated MLP's middle: gate = act(gate) * up.
void silu_mul(const Compute& compute, Matrix<float> gate, ConstMatrix<float> up);
// GELU in its tanh form (Hendrycks and Gimpel 2016, arXiv:1606.08415).
void gelu_mul(const Compute& compute, Matrix<float> gate, ConstMatrix<float> up);

// Rotates every head of `head_dim` columns, a multiple of 16, in place: by the orthogonal Hadamard
// matrix, in parts of the largest power of two that divides it. Queries and keys so rotated have
// the same products; what stood out in a few dimensions is spread over all, where rounding hurts
// less (QuaRot, Ashkboos et al. 2024, arXiv:2404.00456).
void hadamard(const Compute& compute, size_t head_dim, Matrix<float> x);

// x += y.
void add(const Compute& compute, Matrix<float> x, ConstMatrix<float> y);
// Every row of x += bias.
void add_bias(const Compute& compute, Matrix<float> x, std::span<const float> bias);
// x *= factor.
void scale(const Compute& compute, Matrix<float> x, float factor);

}  // namespace fathom
