// What each instruction set's build of elementwise_impl.h offers, and where elementwise.cc finds
// it. Every function works on one run of `count` adjacent elements.
#pragma once

#include <cstddef>

namespace fathom {

struct ElementwiseKernels {
  void (*rms_norm)(const float* x, const float* weight, size_t count, float eps, float* y);
  void (*silu_mul)(float* gate, const float* up, size_t count);
  void (*gelu_mul)(float* gate, const float* up, size_t count);
  // In place, over each run of `size` elements, a power of two and at least 16, of `count`.
  void (*hadamard)(float* x, size_t count, size_t size);
};

extern const ElementwiseKernels elementwise_portable;
extern const ElementwiseKernels elementwise_avx2;
extern const ElementwiseKernels elementwise_avx512;
extern const ElementwiseKernels elementwise_neon;

}  // namespace fathom
