// RoPE frequencies as a model's metadata defines them, its scaling included.
#pragma once

#include <string>

#include "fathom/base/result.h"
#include "fathom/kernels/rope.h"
#include "fathom/model/metadata.h"

namespace fathom {

// Frequencies without scaling: base^(-2i / dim) for the dim / 2 pairs of rope.dimension_count (the
// head size where the key is missing).
Result<RopeSpec> read_unscaled_rope(const ArchMetadata& metadata, RopePairing pairing,
                                    size_t head_dim, double base);

// With the file's scaling: linear (Chen et al. 2023, arXiv:2306.15595: every frequency divided by
// rope.scaling.factor), YaRN (Peng et al. 2023, arXiv:2309.00071) and Llama 3's per-frequency
// divisors (tensor rope_freqs.weight). Error: any other rope.scaling.type, since running without it
// would be silently wrong.
Result<RopeSpec> read_rope(const ArchMetadata& metadata, RopePairing pairing, size_t head_dim,
                           double base);

// "none", "linear, factor 8", "yarn, factor 4", "per-frequency factors".
Result<std::string> describe_rope_scaling(const ArchMetadata& metadata);

}  // namespace fathom
