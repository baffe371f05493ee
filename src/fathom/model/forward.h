// The forward pass: token ids in, logits out, the cache grown by the tokens.
#pragma once

#include <functional>
#include <span>

#include "fathom/base/buffer.h"
#include "fathom/base/position.h"
#include "fathom/kv/cache.h"
#include "fathom/model/spec.h"
#include "fathom/model/weights.h"

namespace fathom {

// How a layer's queries meet the cache: queries and out are [tokens, heads * head_dim]. An argument
// of the forward pass, so that other attentions and instrumentation need no branch in it.
using AttendLayer =
    std::function<void(size_t layer, ConstMatrix<float> queries, Matrix<float> out)>;

// Which of a call's tokens get logits.
enum class LogitsOf : uint8_t { none, last, all };

class Forward {
 public:
  // `spec` and `weights` must outlive this. Scratch memory grows with the largest call's tokens.
  Forward(const Compute& compute, const ModelSpec& spec, const ModelWeights& weights);

  // Runs `tokens`, which stand at `positions`, through every layer; writes their keys and values to
  // the cache (reserved by the caller, who also commits) and their logits to `logits`, of shape
  // [0 | 1 | tokens, vocabulary] by `which`.
  void run(std::span<const TokenId> tokens, std::span<const Position> positions, KvCache& cache,
           const AttendLayer& attend, LogitsOf which, Matrix<float> logits);

 private:
  struct Scratch;
  void layer(size_t index, Matrix<float> x, KvCache& cache, const AttendLayer& attend);
  void mix(size_t index, Matrix<float> x, KvCache& cache, const AttendLayer& attend);
  void mlp(size_t index, Matrix<float> x);

  Compute compute_;
  const ModelSpec& spec_;
  const ModelWeights& weights_;
  std::vector<RopeSpec> ropes_;  // the distinct ones
  std::vector<size_t> rope_of_layer_;
  std::vector<RopeAngles> angles_;  // one per distinct RoPE
  Buffer<float> normed_, queries_, keys_, values_, attended_, gate_, up_, residual_;
};

}  // namespace fathom
