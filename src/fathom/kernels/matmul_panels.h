// How matmul() multiplies many tokens: the forms in which activations and weights meet.
//
// Every form turns each token's activations into a row, and 64 rows of weights into a panel, once;
// then tiles of tokens are multiplied by panels. Whatever the form, y is f32.
#pragma once

#include <cstddef>

#include "fathom/kernels/compute.h"
#include "fathom/kernels/matmul.h"
#include "fathom/kernels/matmul_kernels.h"

namespace fathom {

class PanelProduct {
 public:
  virtual ~PanelProduct() = default;
  virtual bool takes(DType type) const = 0;
  virtual size_t left_bytes(size_t cols) const = 0;  // of a converted row of x
  virtual size_t panel_bytes(DType type, size_t cols) const = 0;
  virtual void convert(const float* x, size_t cols, std::byte* left) const = 0;
  // Rows [begin, end) of the weights, at most kBlock; zeros for those that are missing.
  virtual void pack(const Weights& weights, size_t begin, size_t end, std::byte* panel) const = 0;
  virtual void multiply(DType type, size_t cols, const TileArgs& args) const = 0;
};

// Weights and activations in bf16, or in f32: other activations, or bf16 where the ISA does not
// multiply that.
const PanelProduct& float_panels(Isa isa, Activations activations);

// Weights as their integer codes, activations as int16 or int8. Null: other activations, or int8
// where the ISA does not multiply bytes.
const PanelProduct* code_panels(Isa isa, Activations activations);

}  // namespace fathom
