// float_panels(): weights decoded to f32 or bf16.
#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

#include "fathom/kernels/matmul_panels.h"
#include "fathom/quant/decode.h"

namespace fathom {
namespace {

class FloatPanels final : public PanelProduct {
 public:
  FloatPanels(Isa isa, const FloatKernels& kernel) : isa_(isa), kernel_(kernel) {}

  bool takes(DType) const override { return true; }
  size_t left_bytes(size_t cols) const override { return packs(cols) * kernel_.left_pack_bytes; }
  size_t panel_bytes(DType, size_t cols) const override {
    return packs(cols) * kBlock * kUnitBytes;
  }
  void convert(const float* x, size_t cols, std::byte* left) const override {
    kernel_.convert(x, cols, left);
  }
  void multiply(DType, size_t cols, const TileArgs& args) const override {
    kernel_.multiply(args, cols);
  }

  // Decodes a small square of the rows at a time.
  void pack(const Weights& weights, size_t begin, size_t end, std::byte* panel) const override {
    const DecodeFn decode = decoder(weights.type, isa_);
    const size_t bytes = row_bytes(weights.type, weights.cols);
    alignas(64) float decoded[kPackRows][kPackCols];
    for (size_t part = 0; part < kBlock; part += kPackRows) {
      const size_t first = begin + part;
      const size_t rows = first < end ? std::min(kPackRows, end - first) : 0;
      if (rows < kPackRows) std::memset(decoded, 0, sizeof decoded);
      for (size_t col = 0; col < weights.cols; col += kPackCols) {
        const size_t cols = std::min(kPackCols, weights.cols - col);
        for (size_t r = 0; r < rows; ++r) {
          decode(weights.data + (first + r) * bytes + row_bytes(weights.type, col), decoded[r],
                 cols);
          std::fill(decoded[r] + cols, decoded[r] + packs(cols) * kernel_.pack_size, 0.0f);
        }
        kernel_.pack(decoded[0], cols, panel + (packs(col) * kBlock + part) * kUnitBytes);
      }
    }
  }

 private:
  size_t packs(size_t cols) const { return (cols + kernel_.pack_size - 1) / kernel_.pack_size; }

  Isa isa_;
  const FloatKernels& kernel_;
};

}  // namespace

const PanelProduct& float_panels(Isa isa, Activations activations) {
  static const auto kForms = [] {
    std::map<std::pair<Isa, bool>, FloatPanels> forms;
    for (const Isa each : supported_isas()) {
      const MatmulKernels& kernels = matmul_kernels(each);
      const bool has_bf16 = multiplies_bf16(each);
      forms.try_emplace({each, false}, each, kernels.f32);
      forms.try_emplace({each, true}, each, has_bf16 ? kernels.bf16 : kernels.f32);
    }
    return forms;
  }();
  return kForms.at({isa, activations == Activations::bf16});
}

}  // namespace fathom
