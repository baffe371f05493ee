// Llama (Touvron et al. 2023, arXiv:2302.13971; arXiv:2307.09288; Llama 3, arXiv:2407.21783).
//
// Also Mistral 7B (arXiv:2310.06825, with its sliding window) and SmolLM2, whose GGUF files carry
// this architecture. Query and key weights are permuted in GGUF so that adjacent elements turn
// together.
#include "fathom/model/architecture.h"
#include "fathom/model/metadata.h"

namespace fathom::archs {
namespace {

Result<ModelSpec> read(const gguf::File& file) {
  const ArchMetadata metadata(file, "llama");
  FATHOM_TRY(ModelSpec spec, read_decoder(metadata, RopePairing::adjacent));
  FATHOM_TRY(const size_t window, metadata.size_or("attention.sliding_window", 0));
  for (LayerSpec& layer : spec.layers)
    if (window > 0) layer.attention.window = window;
  return spec;
}

}  // namespace

extern const Architecture llama;
const Architecture llama = {
    .name = "llama",
    .summary = "Llama 1 to 3, Mistral, SmolLM2",
    .read = read,
};

}  // namespace fathom::archs
