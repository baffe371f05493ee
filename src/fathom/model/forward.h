// The forward pass: token ids in, logits out, the cache grown by the tokens.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "fathom/base/buffer.h"
#include "fathom/base/position.h"
#include "fathom/kv/cache.h"
#include "fathom/model/spec.h"
#include "fathom/model/weights.h"

namespace fathom {

// The new tokens of one layer, as attention has them: after RoPE, rotated unless in f32. The keys
// and values are in the cache already; where the layer is extended (self_extend.h), as far queries
// meet them there, and as near ones do here.
struct LayerTokens {
  size_t layer = 0;
  ConstMatrix<float> queries;       // [tokens, heads * head_dim]
  ConstMatrix<float> keys, values;  // [tokens, kv_heads * head_dim]
  // As queries, but rotated for `slots`, or for far keys; empty if there are neither.
  ConstMatrix<float> slot_queries;
};

// How a layer's queries meet the cache; `out` has the queries' shape. An argument of the forward
// pass, so that other attentions and instrumentation need no branch in it.
using AttendLayer = std::function<void(const LayerTokens& tokens, Matrix<float> out)>;

class Forward {
 public:
  // `spec` and `weights` must outlive this.
  Forward(const Compute& compute, const ModelSpec& spec, const ModelWeights& weights);

  // Runs `tokens`, which stand at `positions`, through every layer, and writes their keys and
  // values to `cache` (the caller reserves and commits). Returns their hidden states after the
  // final norm, [tokens, width], valid until the next call. Scratch memory grows with tokens.size()
  // alone. `slots`, unless empty: where the tokens stand in the eyes of some of the keys; of layers
  // that are extended nothing else may be said.
  ConstMatrix<float> run(std::span<const TokenId> tokens, std::span<const Position> positions,
                         KvCache& cache, const AttendLayer& attend,
                         std::span<const Position> slots = {});

  // Logits, [hidden.rows, vocabulary], of hidden states that run() returned.
  void logits(ConstMatrix<float> hidden, Matrix<float> logits);

 private:
  void layer(size_t index, Matrix<float> x, KvCache& cache, const AttendLayer& attend);
  void attention(size_t index, ConstMatrix<float> x, KvCache& cache, const AttendLayer& attend,
                 Matrix<float> y);
  void turn(const RopeAngles& angles, const AttentionSpec& spec, const KvFormat& format,
            Matrix<float> rows) const;
  void mlp(size_t index, ConstMatrix<float> x, Matrix<float> y);

  Compute compute_;
  const ModelSpec& spec_;
  const ModelWeights& weights_;
  // One RoPE of the model, and the angles of a call's tokens.
  struct Turns {
    RopeSpec rope;
    std::optional<SelfExtend> extend;
    RopeAngles own;       // by their positions
    RopeAngles slots;     // by `slots`, or as far queries; of no tokens where there are neither
    RopeAngles far_keys;  // of no tokens where nothing is extended
    void compute(std::span<const Position> positions, std::span<const Position> slot_positions);
  };
  std::vector<Turns> turns_;  // distinct
  std::vector<size_t> turns_of_layer_;
  Buffer<float> residual_, normed_, mixed_, queries_, slot_queries_, keys_, far_keys_, values_,
      attended_, gate_, up_;
};

}  // namespace fathom
