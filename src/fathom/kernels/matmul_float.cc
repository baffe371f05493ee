// float_panels(): weights decoded to f32.
#include <algorithm>
#include <cstring>
#include <map>

#include "fathom/kernels/matmul_panels.h"
#include "fathom/quant/decode.h"

namespace fathom {
namespace {

class FloatPanels final : public PanelProduct {
 public:
  explicit FloatPanels(Isa isa) : isa_(isa), kernel_(matmul_kernels(isa).f32) {}

  bool takes(DType) const override { return true; }
  size_t left_bytes(size_t cols) const override { return cols * sizeof(float); }
  size_t panel_bytes(DType, size_t cols) const override { return cols * kBlock * sizeof(float); }
  void convert(const float* x, size_t cols, std::byte* left) const override {
    std::memcpy(left, x, cols * sizeof(float));
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
        }
        kernel_.pack(decoded[0], cols, panel + (col * kBlock + part) * sizeof(float));
      }
    }
  }

 private:
  Isa isa_;
  const FloatKernels& kernel_;
};

}  // namespace

const PanelProduct& float_panels(Isa isa) {
  static const auto kForms = [] {
    std::map<Isa, FloatPanels> forms;
    for (const Isa each : supported_isas()) forms.try_emplace(each, each);
    return forms;
  }();
  return kForms.at(isa);
}

}  // namespace fathom
