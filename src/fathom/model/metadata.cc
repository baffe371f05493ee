#include "fathom/model/metadata.h"

#include <cmath>

#include "fathom/model/rope_metadata.h"

namespace fathom {
namespace {

constexpr size_t kMaxHeadDim = 256;
constexpr size_t kMaxSize = size_t{1} << 31;  // keeps products of two sizes far from overflow

// Features that change what a model computes, and that would be wrong to pass over.
Status refuse_unsupported(const ArchMetadata& metadata) {
  FATHOM_TRY(const size_t experts, metadata.size_or("expert_count", 0));
  if (experts > 0) return metadata.error("expert_count", "mixture of experts is not supported");
  for (const char* name : {"attn_logit_softcapping", "final_logit_softcapping"}) {
    FATHOM_TRY(const double cap, metadata.number_or(name, 0));
    if (cap != 0) return metadata.error(name, "logit soft-capping is not supported");
  }
  return {};
}

Status check_heads(const ArchMetadata& metadata, const AttentionSpec& attention) {
  if (attention.heads == 0 || attention.heads > kMaxSize)
    return metadata.error("attention.head_count", "must be at least 1");
  if (attention.kv_heads == 0 || attention.heads % attention.kv_heads != 0)
    return metadata.error("attention.head_count_kv",
                          std::to_string(attention.kv_heads) + " does not divide the " +
                              std::to_string(attention.heads) + " query heads");
  if (attention.head_dim % 16 != 0 || attention.head_dim > kMaxHeadDim)
    return metadata.error("attention.key_length", "head size " +
                                                      std::to_string(attention.head_dim) +
                                                      " is not supported: a multiple of 16 up to " +
                                                      std::to_string(kMaxHeadDim) + " is");
  return {};
}

Result<size_t> read_head_dim(const ArchMetadata& metadata, size_t width, size_t heads) {
  const size_t derived = heads == 0 ? 0 : width / heads;
  if (!metadata.has("attention.key_length") && (heads == 0 || width % heads != 0))
    return metadata.error(
        "attention.head_count",
        std::to_string(heads) + " does not divide embedding_length " + std::to_string(width));
  FATHOM_TRY(const size_t key_dim, metadata.size_or("attention.key_length", derived));
  FATHOM_TRY(const size_t value_dim, metadata.size_or("attention.value_length", key_dim));
  if (value_dim != key_dim)
    return metadata.error("attention.value_length",
                          std::to_string(value_dim) + " differs from key_length " +
                              std::to_string(key_dim) + ", which is not supported");
  return key_dim;
}

Result<std::vector<LayerSpec>> read_layers(const ArchMetadata& metadata, size_t count,
                                           size_t width) {
  FATHOM_TRY(const auto heads,
             metadata.data().per_layer(metadata.key("attention.head_count"), count));
  const bool grouped = metadata.has("attention.head_count_kv");
  FATHOM_TRY(
      const auto kv_heads,
      metadata.data().per_layer(
          metadata.key(grouped ? "attention.head_count_kv" : "attention.head_count"), count));
  FATHOM_TRY(const auto hidden,
             metadata.data().per_layer(metadata.key("feed_forward_length"), count));
  FATHOM_TRY(const double scale, metadata.number_or("attention.scale", 0));

  std::vector<LayerSpec> layers(count);
  for (size_t i = 0; i < count; ++i) {
    AttentionSpec& attention = layers[i].attention;
    attention.heads = heads[i];
    attention.kv_heads = kv_heads[i];
    FATHOM_TRY(attention.head_dim, read_head_dim(metadata, width, heads[i]));
    FATHOM_CHECK(check_heads(metadata, attention));
    attention.scale = static_cast<float>(
        scale != 0 ? scale : 1 / std::sqrt(static_cast<double>(attention.head_dim)));
    if (hidden[i] == 0 || hidden[i] > kMaxSize)
      return metadata.error("feed_forward_length", "must be at least 1");
    layers[i].mlp.hidden = hidden[i];
  }
  return layers;
}

}  // namespace

Error ArchMetadata::error(std::string_view name, std::string_view what) const {
  return {"key '" + key(name) + "': " + std::string(what)};
}

Result<size_t> ArchMetadata::size(std::string_view name) const {
  FATHOM_TRY(const uint64_t value, data().integer(key(name)));
  if (value == 0 || value > kMaxSize)
    return error(name,
                 std::to_string(value) + " is out of range: 1 to " + std::to_string(kMaxSize));
  return static_cast<size_t>(value);
}

Result<size_t> ArchMetadata::size_or(std::string_view name, size_t fallback) const {
  FATHOM_TRY(const uint64_t value, data().integer_or(key(name), fallback));
  if (value > kMaxSize)
    return error(name,
                 std::to_string(value) + " is out of range: at most " + std::to_string(kMaxSize));
  return static_cast<size_t>(value);
}

Result<ModelSpec> read_decoder(const ArchMetadata& metadata, RopePairing pairing) {
  FATHOM_CHECK(refuse_unsupported(metadata));
  ModelSpec spec;
  FATHOM_TRY(const auto architecture, metadata.data().string("general.architecture"));
  spec.architecture = architecture;
  FATHOM_TRY(spec.width, metadata.size("embedding_length"));
  FATHOM_TRY(spec.trained_context, metadata.size("context_length"));
  FATHOM_TRY(const double eps, metadata.number("attention.layer_norm_rms_epsilon"));
  if (!(eps >= 0 && eps < 1))
    return metadata.error("attention.layer_norm_rms_epsilon", "must lie in [0, 1)");
  spec.norm_eps = static_cast<float>(eps);
  FATHOM_TRY(const size_t count, metadata.size("block_count"));
  if (count > metadata.file().tensors().size())
    return metadata.error("block_count", std::to_string(count) + " layers, but the file has only " +
                                             std::to_string(metadata.file().tensors().size()) +
                                             " tensors");
  FATHOM_TRY(spec.layers, read_layers(metadata, count, spec.width));
  FATHOM_TRY(spec.rope_base, metadata.number_or("rope.freq_base", 10000));
  for (LayerSpec& layer : spec.layers) {
    FATHOM_TRY(layer.attention.rope_facts,
               read_rope(metadata, pairing, layer.attention.head_dim, spec.rope_base));
  }
  return spec;
}

}  // namespace fathom
