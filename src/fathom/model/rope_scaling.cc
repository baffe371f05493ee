#include "fathom/model/rope_scaling.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numbers>

namespace fathom {
namespace {

constexpr std::string_view kFactorsTensor = "rope_freqs.weight";

enum class Scaling : uint8_t { none, linear, yarn };

struct ScalingSpec {
  Scaling kind = Scaling::none;
  double factor = 1;
};

Result<ScalingSpec> read_scaling(const ArchMetadata& metadata) {
  FATHOM_TRY(const auto type, metadata.string_or("rope.scaling.type", "linear"));
  if (type == "none") return ScalingSpec{};
  if (type != "linear" && type != "yarn")
    return metadata.error("rope.scaling.type",
                          "'" + std::string(type) + "' is not supported; none, linear, yarn are");
  FATHOM_TRY(const double old_factor, metadata.number_or("rope.scale_linear", 1));
  FATHOM_TRY(double factor, metadata.number_or("rope.scaling.factor", old_factor));
  if (factor == 0) factor = 1;  // some converters write 0 for "none"
  if (!(factor >= 1 && std::isfinite(factor)))
    return metadata.error("rope.scaling.factor", "must be a finite number of at least 1");
  if (factor == 1) return ScalingSpec{};
  return ScalingSpec{type == "yarn" ? Scaling::yarn : Scaling::linear, factor};
}

// YaRN (Peng et al. 2023, arXiv:2309.00071, section 3.2): a pair that turns more than beta_fast
// times within the original context keeps its frequency, one that turns less than beta_slow times
// is interpolated, a linear ramp lies between; both cos and sin grow by 0.1 ln(factor) + 1.
Status apply_yarn(const ArchMetadata& metadata, double base, double factor, RopeSpec& rope) {
  FATHOM_TRY(const size_t trained, metadata.size("context_length"));
  FATHOM_TRY(const size_t original,
             metadata.size_or("rope.scaling.original_context_length", trained));
  FATHOM_TRY(const double fast, metadata.number_or("rope.scaling.yarn_beta_fast", 32));
  FATHOM_TRY(const double slow, metadata.number_or("rope.scaling.yarn_beta_slow", 1));
  FATHOM_TRY(const double magnitude, metadata.number_or("rope.scaling.attn_factor", 1));
  if (!(slow > 0 && fast > slow))
    return metadata.error("rope.scaling.yarn_beta_fast",
                          "must be above yarn_beta_slow, and both above 0");

  const double dim = 2.0 * static_cast<double>(rope.frequencies.size());
  const auto pair_that_turns = [&](double times) {
    return dim * std::log(static_cast<double>(original) / (times * 2 * std::numbers::pi)) /
           (2 * std::log(base));
  };
  const double low = std::max(std::floor(pair_that_turns(fast)), 0.0);
  const double high = std::min(std::ceil(pair_that_turns(slow)), dim - 1);
  for (size_t i = 0; i < rope.frequencies.size(); ++i) {
    const double ramp =
        std::clamp((static_cast<double>(i) - low) / std::max(high - low, 0.001), 0.0, 1.0);
    rope.frequencies[i] *= ramp / factor + (1 - ramp);
  }
  rope.magnitude = magnitude * (0.1 * std::log(factor) + 1);
  return {};
}

// Llama 3.1's scaling arrives as a divisor for every pair.
Status divide_by_tensor(const gguf::Tensor& factors, RopeSpec& rope) {
  if (factors.type != DType::f32 || factors.elements() != rope.frequencies.size())
    return Error{"tensor '" + factors.name + "' must hold " +
                 std::to_string(rope.frequencies.size()) + " F32 values, one per rotated pair"};
  for (size_t i = 0; i < rope.frequencies.size(); ++i) {
    float factor;
    std::memcpy(&factor, factors.data + i * sizeof factor, sizeof factor);
    if (!(factor > 0 && std::isfinite(factor)))
      return Error{"tensor '" + factors.name + "' must hold finite values above 0"};
    rope.frequencies[i] /= static_cast<double>(factor);
  }
  return {};
}

// "8", "2.5"
std::string shortest(double value) {
  std::string digits = std::to_string(value);
  digits.erase(digits.find_last_not_of('0') + 1);
  if (digits.back() == '.') digits.pop_back();
  return digits;
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
  if (!(base > 1 && std::isfinite(base)))
    return metadata.error("rope.freq_base", "must be a finite number above 1");
  RopeSpec rope{.pairing = pairing, .frequencies = std::vector<double>(dim / 2), .magnitude = 1};
  for (size_t i = 0; i < dim / 2; ++i)
    rope.frequencies[i] = std::pow(base, -2.0 * static_cast<double>(i) / static_cast<double>(dim));
  return rope;
}

Result<RopeSpec> read_rope(const ArchMetadata& metadata, RopePairing pairing, size_t head_dim,
                           double base) {
  FATHOM_TRY(RopeSpec rope, read_unscaled_rope(metadata, pairing, head_dim, base));
  FATHOM_TRY(const ScalingSpec scaling, read_scaling(metadata));
  if (scaling.kind == Scaling::linear)
    for (double& frequency : rope.frequencies) frequency /= scaling.factor;
  if (scaling.kind == Scaling::yarn) FATHOM_CHECK(apply_yarn(metadata, base, scaling.factor, rope));
  if (const gguf::Tensor* factors = metadata.file().find(kFactorsTensor))
    FATHOM_CHECK(divide_by_tensor(*factors, rope));
  return rope;
}

Result<std::string> describe_rope_scaling(const ArchMetadata& metadata) {
  if (metadata.file().find(kFactorsTensor) != nullptr) return std::string("per-frequency factors");
  FATHOM_TRY(const ScalingSpec scaling, read_scaling(metadata));
  switch (scaling.kind) {
    case Scaling::none:
      return std::string("none");
    case Scaling::linear:
      return "linear, factor " + shortest(scaling.factor);
    case Scaling::yarn:
      return "yarn, factor " + shortest(scaling.factor);
  }
  return std::string("none");
}

}  // namespace fathom
