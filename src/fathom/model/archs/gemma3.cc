// Gemma 3, text (arXiv:2503.19786): five sliding-window layers to one that sees everything, each
// kind with its own RoPE base, QK norm, norms before and after the mixer and the MLP, scaled
// embeddings.
//
// The "1 +" of Gemma's norm weights is already in GGUF's tensors.
#include <cmath>

#include "fathom/model/architecture.h"
#include "fathom/model/metadata.h"
#include "fathom/model/rope_metadata.h"

namespace fathom::archs {
namespace {

constexpr size_t kLayersPerGlobal = 6;
constexpr double kWindowedRopeBase = 10000;
constexpr size_t kLayersOf27B = 62;

// Which layers slide: from attention.sliding_window_pattern, an array of flags or the distance
// between global layers; every sixth layer is global where the file does not say.
Result<std::vector<bool>> read_windowed(const ArchMetadata& metadata, size_t layers) {
  constexpr std::string_view kPattern = "attention.sliding_window_pattern";
  const gguf::Value* value = metadata.data().find(metadata.key(kPattern));
  if (value != nullptr && std::holds_alternative<gguf::Array>(*value)) {
    FATHOM_TRY(const auto flags, metadata.data().booleans(metadata.key(kPattern)));
    if (flags->size() != layers)
      return metadata.error(kPattern, "has " + std::to_string(flags->size()) + " entries for " +
                                          std::to_string(layers) + " layers");
    return *flags;
  }
  FATHOM_TRY(const size_t distance, metadata.size_or(kPattern, kLayersPerGlobal));
  std::vector<bool> windowed(layers);
  for (size_t i = 0; i < layers; ++i) windowed[i] = distance == 0 || (i + 1) % distance != 0;
  return windowed;
}

Status read_windows(const ArchMetadata& metadata, ModelSpec& spec) {
  FATHOM_TRY(const size_t window, metadata.size_or("attention.sliding_window", 0));
  if (window == 0) return {};
  FATHOM_TRY(const auto windowed, read_windowed(metadata, spec.layers.size()));
  constexpr std::string_view kBase = "rope.freq_base_swa";
  FATHOM_TRY(const double base, metadata.number_or(kBase, kWindowedRopeBase));
  spec.rope_base_windowed = base;
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    AttentionSpec& attention = spec.layers[i].attention;
    if (!windowed[i]) continue;
    attention.window = window;
    FATHOM_TRY(attention.rope_facts,
               read_unscaled_rope(metadata, RopePairing::halves, attention.head_dim, kBase, base));
  }
  return {};
}

Result<ModelSpec> read(const gguf::File& file) {
  const ArchMetadata metadata(file, "gemma3");
  FATHOM_TRY(ModelSpec spec, read_decoder(metadata, RopePairing::halves));
  spec.embedding_scale = std::sqrt(static_cast<float>(spec.width));
  for (LayerSpec& layer : spec.layers) {
    layer.post_norms = true;
    layer.mlp.activation = Activation::gelu;
    layer.attention.qk_norm = true;
    // The 27B model alone scales by width / heads, which no key of its file says.
    if (spec.layers.size() == kLayersOf27B)
      layer.attention.scale = 1 / std::sqrt(static_cast<float>(spec.width / layer.attention.heads));
  }
  FATHOM_CHECK(read_windows(metadata, spec));
  return spec;
}

}  // namespace

extern const Architecture gemma3;
const Architecture gemma3 = {
    .name = "gemma3",
    .summary = "Gemma 3, text",
    .read = read,
};

}  // namespace fathom::archs
