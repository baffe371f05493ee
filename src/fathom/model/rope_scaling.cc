#include "fathom/model/rope_scaling.h"

#include <cmath>
#include <cstring>

namespace fathom {
namespace {

constexpr std::string_view kFactorsTensor = "rope_freqs.weight";

Result<double> linear_factor(const ArchMetadata& metadata) {
  FATHOM_TRY(const auto type, metadata.string_or("rope.scaling.type", "linear"));
  if (type == "none") return 1.0;
  if (type != "linear")
    return metadata.error("rope.scaling.type",
                          "'" + std::string(type) + "' is not supported; none and linear are");
  FATHOM_TRY(const double old_factor, metadata.number_or("rope.scale_linear", 1));
  FATHOM_TRY(double factor, metadata.number_or("rope.scaling.factor", old_factor));
  if (factor == 0) factor = 1;  // some converters write 0 for "none"
  if (!(factor >= 1 && std::isfinite(factor)))
    return metadata.error("rope.scaling.factor", "must be a finite number of at least 1");
  return factor;
}

Status divide_by_tensor(const gguf::Tensor& factors, const std::string& path, RopeSpec& rope) {
  if (factors.type != DType::f32 || factors.elements() != rope.frequencies.size())
    return Error{path + ": tensor '" + factors.name + "' must hold " +
                 std::to_string(rope.frequencies.size()) + " F32 values, one per rotated pair"};
  for (size_t i = 0; i < rope.frequencies.size(); ++i) {
    float factor;
    std::memcpy(&factor, factors.data + i * sizeof factor, sizeof factor);
    if (!(factor > 0 && std::isfinite(factor)))
      return Error{path + ": tensor '" + factors.name + "' must hold finite values above 0"};
    rope.frequencies[i] /= factor;
  }
  return {};
}

}  // namespace

Result<RopeSpec> read_unscaled_rope(const ArchMetadata& metadata, RopePairing pairing,
                                    size_t head_dim, double base) {
  FATHOM_TRY(const size_t dim, metadata.size_or("rope.dimension_count", head_dim));
  if (dim == 0 || dim % 2 != 0 || dim > head_dim)
    return metadata.error("rope.dimension_count",
                          std::to_string(dim) +
                              " must be even, at least 2 and at most the head size " +
                              std::to_string(head_dim));
  if (!(base >= 1 && std::isfinite(base)))
    return metadata.error("rope.freq_base", "must be a finite number of at least 1");
  RopeSpec rope{.pairing = pairing, .frequencies = std::vector<double>(dim / 2)};
  for (size_t i = 0; i < dim / 2; ++i)
    rope.frequencies[i] = std::pow(base, -2.0 * static_cast<double>(i) / static_cast<double>(dim));
  return rope;
}

Result<RopeSpec> read_rope(const ArchMetadata& metadata, RopePairing pairing, size_t head_dim,
                           double base) {
  FATHOM_TRY(RopeSpec rope, read_unscaled_rope(metadata, pairing, head_dim, base));
  FATHOM_TRY(const double factor, linear_factor(metadata));
  for (double& frequency : rope.frequencies) frequency /= factor;
  if (const gguf::Tensor* factors = metadata.file().find(kFactorsTensor))
    FATHOM_CHECK(divide_by_tensor(*factors, metadata.file().path(), rope));
  return rope;
}

Result<std::string> describe_rope_scaling(const ArchMetadata& metadata) {
  if (metadata.file().find(kFactorsTensor) != nullptr) return std::string("per-frequency factors");
  FATHOM_TRY(const double factor, linear_factor(metadata));
  if (factor == 1) return std::string("none");
  std::string digits = std::to_string(factor);
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.back() == '.') digits.pop_back();
  return "linear, factor " + digits;
}

}  // namespace fathom
