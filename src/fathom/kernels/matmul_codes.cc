// code_panels(): weights as the integers that their file holds.
#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

#include "fathom/kernels/matmul_panels.h"
#include "fathom/quant/codes.h"

namespace fathom {
namespace {

class CodePanels final : public PanelProduct {
 public:
  CodePanels(Isa isa, const CodeKernels& kernel) : isa_(isa), kernel_(kernel) {}

  bool takes(DType type) const override { return code_format(type, isa_).unpack != nullptr; }
  size_t left_bytes(size_t cols) const override {
    return cols / kScaled * activation_group_bytes(kernel_.code_bytes);
  }
  size_t panel_bytes(DType type, size_t cols) const override {
    const CodePanel form = form_of(code_format(type, isa_));
    return cols / form.group * form.group_bytes(kernel_.code_bytes);
  }
  void convert(const float* x, size_t cols, std::byte* left) const override {
    kernel_.convert(x, cols, left);
  }
  void multiply(DType type, size_t cols, const TileArgs& args) const override {
    kernel_.multiply(form_of(code_format(type, isa_)), args, cols);
  }

  // Unpacks a small square of the rows at a time.
  void pack(const Weights& weights, size_t begin, size_t end, std::byte* panel) const override {
    const CodeFormat format = code_format(weights.type, isa_);
    const CodePanel form = form_of(format);
    const size_t group_bytes = form.group_bytes(kernel_.code_bytes);
    const size_t bytes = row_bytes(weights.type, weights.cols);
    alignas(64) uint8_t codes[kPackRows][kPackCols];
    Factors factors;
    for (size_t part = 0; part < kBlock; part += kPackRows) {
      const size_t first = std::min(begin + part, end);
      const size_t rows = std::min(kPackRows, end - first);
      if (rows < kPackRows) {  // zeros: whatever the codes, by scales and minima of 0
        std::memset(codes, 0, sizeof codes);
        factors = {};
      }
      for (size_t col = 0; col < weights.cols; col += kPackCols) {
        const size_t cols = std::min(kPackCols, weights.cols - col);
        for (size_t r = 0; r < rows; ++r)
          format.unpack(weights.data + (first + r) * bytes + row_bytes(weights.type, col), cols,
                        codes[r], factors.scales[r], factors.minima[r]);
        std::byte* const to = panel + col / form.group * group_bytes;
        kernel_.pack(form, codes[0], cols, to + part * 4);
        for (size_t g = 0; g < cols / form.group; ++g)
          write_factors(format, factors, g,
                        to + (g + 1) * group_bytes - 2 * kBlock * sizeof(float) + part * 4);
      }
    }
  }

 private:
  // Of a square's rows, by group.
  struct Factors {
    float scales[kPackRows][kPackCols / 16] = {};
    float minima[kPackRows][kPackCols / 16] = {};
  };

  static CodePanel form_of(const CodeFormat& format) {
    return {format.group, format.zero, format.minima};
  }

  void write_factors(const CodeFormat& format, const Factors& factors, size_t group,
                     std::byte* to) const {
    // Unsigned codes stand above their zero: scale * (code - zero).
    const float zero = kernel_.code_bytes == 1 ? format.zero : 0;
    float scales[kPackRows];
    float minima[kPackRows];
    for (size_t r = 0; r < kPackRows; ++r) {
      scales[r] = factors.scales[r][group];
      minima[r] = format.minima ? factors.minima[r][group] : -zero * scales[r];
    }
    std::memcpy(to, scales, sizeof scales);
    std::memcpy(to + kBlock * sizeof(float), minima, sizeof minima);
  }

  Isa isa_;
  const CodeKernels& kernel_;
};

}  // namespace

const PanelProduct* code_panels(Isa isa, Activations activations) {
  static const auto kForms = [] {
    std::map<std::pair<Isa, Activations>, CodePanels> forms;
    for (const Isa each : supported_isas()) {
      forms.try_emplace({each, Activations::int16}, each, matmul_kernels(each).int16);
      if (multiplies_bytes(each))
        forms.try_emplace({each, Activations::int8}, each, matmul_kernels(each).int8);
    }
    return forms;
  }();
  const auto found = kForms.find({isa, activations});
  return found == kForms.end() ? nullptr : &found->second;
}

}  // namespace fathom
