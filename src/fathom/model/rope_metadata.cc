#include "fathom/model/rope_metadata.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <string_view>

namespace fathom {
namespace {

constexpr std::string_view kDivisors = "rope_freqs.weight";
constexpr std::string_view kShortFactors = "rope_factors_short.weight";
constexpr std::string_view kLongFactors = "rope_factors_long.weight";

// A positive number for each pair; empty: there is no such tensor.
Result<std::vector<double>> read_factors(const ArchMetadata& metadata, std::string_view name,
                                         size_t pairs) {
  std::vector<double> factors;
  const gguf::Tensor* tensor = metadata.file().find(name);
  if (tensor == nullptr) return factors;
  if (tensor->type != DType::f32 || tensor->elements() != pairs)
    return Error{"tensor '" + tensor->name + "' must hold " + std::to_string(pairs) +
                 " F32 values, one per rotated pair"};
  std::vector<float> values(pairs);
  std::memcpy(values.data(), tensor->data, pairs * sizeof(float));
  for (const float value : values) {
    if (!(value > 0 && std::isfinite(value)))
      return Error{"tensor '" + tensor->name + "' must hold finite values above 0"};
    factors.push_back(static_cast<double>(value));
  }
  return factors;
}

// At least 1. Keys of two ages; some converters write 0 where there is none.
Result<double> read_factor(const ArchMetadata& metadata) {
  FATHOM_TRY(const double old_factor, metadata.number_or("rope.scale_linear", 1));
  FATHOM_TRY(const double factor, metadata.number_or("rope.scaling.factor", old_factor));
  if (factor == 0) return 1.0;
  if (!(factor >= 1 && std::isfinite(factor)))
    return metadata.error("rope.scaling.factor", "must be a finite number of at least 1");
  return factor;
}

Result<double> read_attn_factor(const ArchMetadata& metadata, std::string_view key) {
  FATHOM_TRY(const double factor, metadata.number_or(key, 1));
  if (!(factor > 0 && std::isfinite(factor)))
    return metadata.error(key, "must be a finite number above 0");
  return factor;
}

Status read_yarn(const ArchMetadata& metadata, RopeScaling& yarn) {
  FATHOM_TRY(yarn.beta_fast, metadata.number_or("rope.scaling.yarn_beta_fast", 32));
  FATHOM_TRY(yarn.beta_slow, metadata.number_or("rope.scaling.yarn_beta_slow", 1));
  if (!(yarn.beta_slow > 0 && yarn.beta_fast > yarn.beta_slow && std::isfinite(yarn.beta_fast)))
    return metadata.error("rope.scaling.yarn_beta_fast",
                          "must be above yarn_beta_slow, and both above 0");
  FATHOM_TRY(const double mix, metadata.number_or("rope.scaling.yarn_ext_factor", 1));
  if (mix >= 0 && mix != 1)  // below 0: not set
    return metadata.error("rope.scaling.yarn_ext_factor", "other than 1 is not supported");
  FATHOM_TRY(const double factor, read_attn_factor(metadata, "rope.scaling.attn_factor"));
  FATHOM_TRY(const double yarn_factor, read_attn_factor(metadata, "rope.scaling.yarn_attn_factor"));
  if (factor * yarn_factor != 1) yarn.attn_factor = factor * yarn_factor;
  return {};
}

Status check_factors(std::string_view name, const std::vector<double>& factors) {
  if (factors.empty())
    return Error{"tensor '" + std::string(name) +
                 "' is missing, which rope.scaling.type longrope needs"};
  return {};
}

Status read_own(const ArchMetadata& metadata, RopeFacts& rope) {
  FATHOM_TRY(const auto type, metadata.string_or("rope.scaling.type", "linear"));
  RopeScaling& own = rope.own;
  if (type == "longrope") {
    FATHOM_CHECK(check_factors(kShortFactors, rope.short_factors));
    FATHOM_CHECK(check_factors(kLongFactors, rope.long_factors));
    own.kind = RopeKind::longrope;
    own.short_factors = rope.short_factors;
    own.long_factors = rope.long_factors;
    FATHOM_TRY(own.attn_factor, read_attn_factor(metadata, "rope.scaling.attn_factor"));
  } else if (type == "linear" || type == "yarn") {
    FATHOM_TRY(const double factor, read_factor(metadata));
    if (factor == 1) return {};
    own.kind = type == "yarn" ? RopeKind::yarn : RopeKind::linear;
    own.factor = factor;
    if (type == "yarn") FATHOM_CHECK(read_yarn(metadata, own));
  } else if (type != "none") {
    return metadata.error("rope.scaling.type", "'" + std::string(type) +
                                                   "' is not supported; none, linear, yarn and "
                                                   "longrope are");
  }
  return {};
}

// Where the key is missing, a linear factor led from the original context to the trained one; of
// the other kinds, as llama.cpp has it, the trained one is the original.
Status read_original(const ArchMetadata& metadata, RopeFacts& rope) {
  const auto trained = static_cast<double>(rope.trained);
  const double derived =
      rope.own.kind == RopeKind::linear ? trained / rope.own.factor.value_or(1) : trained;
  const auto fallback = std::max<size_t>(1, static_cast<size_t>(std::llround(derived)));
  FATHOM_TRY(rope.original, metadata.size_or("rope.scaling.original_context_length", fallback));
  if (rope.original == 0) rope.original = fallback;
  return {};
}

}  // namespace

Result<RopeFacts> read_unscaled_rope(const ArchMetadata& metadata, RopePairing pairing,
                                     size_t head_dim, std::string_view base_name, double base) {
  FATHOM_TRY(const size_t dims, metadata.size_or("rope.dimension_count", head_dim));
  if (dims == 0 || dims % 2 != 0 || dims > head_dim)
    return metadata.error("rope.dimension_count",
                          std::to_string(dims) +
                              " must be even, at least 2 and at most the head size " +
                              std::to_string(head_dim));
  if (!(base > 1 && std::isfinite(base)))
    return metadata.error(base_name, "must be a finite number above 1");
  FATHOM_TRY(const size_t trained, metadata.size("context_length"));
  return RopeFacts{.pairing = pairing,
                   .dims = dims,
                   .base = base,
                   .trained = trained,
                   .original = trained,
                   .own = {.kind = RopeKind::none}};
}

Result<RopeFacts> read_rope(const ArchMetadata& metadata, RopePairing pairing, size_t head_dim,
                            double base) {
  FATHOM_TRY(RopeFacts rope,
             read_unscaled_rope(metadata, pairing, head_dim, "rope.freq_base", base));
  FATHOM_TRY(rope.short_factors, read_factors(metadata, kShortFactors, rope.pairs()));
  FATHOM_TRY(rope.long_factors, read_factors(metadata, kLongFactors, rope.pairs()));
  FATHOM_CHECK(read_own(metadata, rope));
  FATHOM_TRY(rope.own.divisors, read_factors(metadata, kDivisors, rope.pairs()));
  FATHOM_CHECK(read_original(metadata, rope));
  return rope;
}

}  // namespace fathom
