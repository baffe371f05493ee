// Qwen2 and Qwen2.5 (arXiv:2407.10671, arXiv:2412.15115): biases on the q, k and v projections.
#include "fathom/model/architecture.h"
#include "fathom/model/metadata.h"

namespace fathom::archs {
namespace {

Result<ModelSpec> read(const gguf::File& file) {
  FATHOM_TRY(ModelSpec spec, read_decoder(ArchMetadata(file, "qwen2"), RopePairing::halves));
  for (LayerSpec& layer : spec.layers) layer.attention.bias = true;
  return spec;
}

}  // namespace

extern const Architecture qwen2;
const Architecture qwen2 = {
    .name = "qwen2",
    .summary = "Qwen2, Qwen2.5",
    .read = read,
};

}  // namespace fathom::archs
