// What a model file says of a layer's RoPE, as data. Frequencies follow from it for a session's
// context and --rope: rope_of_model.h.
#pragma once

#include <cstddef>
#include <vector>

#include "fathom/kernels/rope.h"
#include "fathom/model/rope_scaling.h"

namespace fathom {

struct RopeFacts {
  RopePairing pairing = RopePairing::adjacent;
  size_t dims = 0;      // of a head's elements, how many turn: rope.dimension_count; even
  double base = 10000;  // rope.freq_base
  size_t trained = 0;   // tokens: context_length
  size_t original =
      0;  // tokens before the file's own scaling: rope.scaling.original_context_length
  RopeScaling own = {};  // the file's own scaling, never automatic, its factor given
  // What --rope longrope takes where it gives no lists: tensors rope_factors_{short,long}.weight.
  std::vector<double> short_factors = {}, long_factors = {};

  size_t pairs() const { return dims / 2; }
};

}  // namespace fathom
