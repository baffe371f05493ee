// Rotary position embedding (Su et al. 2021, arXiv:2104.09864, section 3.4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fathom/base/buffer.h"
#include "fathom/base/matrix.h"
#include "fathom/base/position.h"
#include "fathom/kernels/compute.h"

namespace fathom {

// Which two elements of a head turn together: (2i, 2i + 1), as GGUF's llama weights are laid out,
// or (i, i + dim / 2), as Qwen, Gemma and GPT-NeoX are.
enum class RopePairing : uint8_t { adjacent, halves };

// What a layer's RoPE is: `frequencies[i]` is the angle in radians per position of pair i; the
// head's elements past 2 * frequencies.size() are left alone (partial rotary). `magnitude`
// multiplies both cos and sin (YaRN's attention temperature).
struct RopeSpec {
  RopePairing pairing = RopePairing::adjacent;
  std::vector<double> frequencies;
  double magnitude = 1;
  bool operator==(const RopeSpec&) const = default;
};

// cos and sin of every (token, pair) of one call, shared by all layers with the same spec. Angles
// are computed in double: at position 10^6 an f32 angle would be off by 0.06 rad.
class RopeAngles {
 public:
  void compute(const RopeSpec& spec, std::span<const Position> positions);
  size_t tokens() const { return tokens_; }
  size_t pairs() const { return pairs_; }
  const float* cosines(size_t token) const { return cos_.data() + token * pairs_; }
  const float* sines(size_t token) const { return sin_.data() + token * pairs_; }

 private:
  size_t tokens_ = 0;
  size_t pairs_ = 0;
  Buffer<float> cos_;
  Buffer<float> sin_;
};

// Rotates every head of x, [tokens, heads * head_dim], in place.
void rope(const Compute& compute, const RopeAngles& angles, RopePairing pairing, size_t head_dim,
          Matrix<float> x);

}  // namespace fathom
