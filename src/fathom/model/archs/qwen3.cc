// Qwen3, dense (arXiv:2505.09388): no biases, an RMS norm of every query and key head before RoPE.
#include "fathom/model/architecture.h"
#include "fathom/model/metadata.h"

namespace fathom::archs {
namespace {

Result<ModelSpec> read(const gguf::File& file) {
  FATHOM_TRY(ModelSpec spec, read_decoder(ArchMetadata(file, "qwen3"), RopePairing::halves));
  for (LayerSpec& layer : spec.layers) layer.attention.qk_norm = true;
  return spec;
}

}  // namespace

extern const Architecture qwen3;
const Architecture qwen3 = {
    .name = "qwen3",
    .summary = "Qwen3, dense",
    .read = read,
};

}  // namespace fathom::archs
