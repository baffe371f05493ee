// Reads what a model file says of RoPE.
#pragma once

#include <string_view>

#include "fathom/base/result.h"
#include "fathom/model/metadata.h"
#include "fathom/model/rope_facts.h"

namespace fathom {

// Without any scaling; `base` is what the key `base_name` says. Error: rope.dimension_count (the
// head size where it is missing) or the base is impossible.
Result<RopeFacts> read_unscaled_rope(const ArchMetadata& metadata, RopePairing pairing,
                                     size_t head_dim, std::string_view base_name, double base);

// With the file's own: rope.scaling.type linear, yarn or longrope, with the tensors
// rope_factors_{short,long}.weight, and Llama 3's divisors, tensor rope_freqs.weight. Keys are read
// as llama.cpp reads them. Error: any other type, since running without it would be silently wrong.
Result<RopeFacts> read_rope(const ArchMetadata& metadata, RopePairing pairing, size_t head_dim,
                            double base);

}  // namespace fathom
