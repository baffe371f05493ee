#include "fathom/model/forward.h"

#include <algorithm>

#include "fathom/kernels/elementwise.h"
#include "fathom/kernels/matmul.h"
#include "fathom/kernels/rope.h"

namespace fathom {
namespace {

// A [rows, cols] matrix in a buffer that grows when it must.
Matrix<float> shape(Buffer<float>& buffer, size_t rows, size_t cols) {
  buffer.ensure(rows * cols);
  return {buffer.data(), rows, cols};
}

}  // namespace

Forward::Forward(const Compute& compute, const ModelSpec& spec, const ModelWeights& weights)
    : compute_(compute), spec_(spec), weights_(weights) {
  for (const LayerSpec& layer : spec.layers) {
    const AttentionSpec& attention = layer.attention;
    const auto found = std::ranges::find_if(turns_, [&](const Turns& turns) {
      return turns.rope == attention.rope && turns.extend == attention.extend;
    });
    turns_of_layer_.push_back(static_cast<size_t>(found - turns_.begin()));
    if (found == turns_.end()) {
      turns_.emplace_back();
      turns_.back().rope = attention.rope;
      turns_.back().extend = attention.extend;
    }
  }
}

void Forward::Turns::compute(std::span<const Position> positions,
                             std::span<const Position> slot_positions) {
  own.compute(rope, positions);
  if (!extend) return slots.compute(rope, slot_positions);
  std::vector<Position> queries, keys;
  for (const Position position : positions) {
    queries.push_back(extend->far_query(position));
    keys.push_back(extend->far_key(position));
  }
  slots.compute(rope, queries);
  far_keys.compute(rope, keys);
}

ConstMatrix<float> Forward::run(std::span<const TokenId> tokens,
                                std::span<const Position> positions, KvCache& cache,
                                const AttendLayer& attend, std::span<const Position> slots) {
  const Matrix<float> x = shape(residual_, tokens.size(), spec_.width);
  gather_rows(compute_, weights_.embedding, tokens, x);
  if (spec_.embedding_scale != 1) scale(compute_, x, spec_.embedding_scale);
  for (Turns& turns : turns_) turns.compute(positions, slots);
  for (size_t i = 0; i < spec_.layers.size(); ++i) layer(i, x, cache, attend);
  rms_norm(compute_, x, weights_.final_norm, spec_.norm_eps, x);
  return x;
}

void Forward::logits(ConstMatrix<float> hidden, Matrix<float> logits) {
  // Nothing after the head averages its rounding out, and a prefill asks for one row of it.
  Compute compute = compute_;
  if (compute.activations == Activations::bf16) compute.activations = Activations::int16;
  matmul(compute, hidden, {{{.weights = &weights_.head, .y = logits}}});
}

void Forward::layer(size_t index, Matrix<float> x, KvCache& cache, const AttendLayer& attend) {
  const LayerSpec& spec = spec_.layers[index];
  const LayerWeights& weights = weights_.layers[index];
  const float eps = spec_.norm_eps;
  const Matrix<float> normed = shape(normed_, x.rows, x.cols);
  const Matrix<float> mixed = shape(mixed_, x.rows, x.cols);

  rms_norm(compute_, x, weights.attention_norm, eps, normed);
  attention(index, normed, cache, attend, mixed);
  if (spec.post_norms) rms_norm(compute_, mixed, weights.attention_post_norm, eps, mixed);
  add(compute_, x, mixed);

  rms_norm(compute_, x, weights.mlp_norm, eps, normed);
  mlp(index, normed, mixed);
  if (spec.post_norms) rms_norm(compute_, mixed, weights.mlp_post_norm, eps, mixed);
  add(compute_, x, mixed);
}

void Forward::attention(size_t index, ConstMatrix<float> x, KvCache& cache,
                        const AttendLayer& attend, Matrix<float> y) {
  const AttentionSpec& spec = spec_.layers[index].attention;
  const LayerWeights& weights = weights_.layers[index];
  const Matrix<float> queries = shape(queries_, x.rows, spec.heads * spec.head_dim);
  const Matrix<float> keys = shape(keys_, x.rows, spec.kv_heads * spec.head_dim);
  const Matrix<float> values = shape(values_, x.rows, spec.kv_heads * spec.head_dim);
  const Matrix<float> attended = shape(attended_, x.rows, queries.cols);

  matmul(compute_, x,
         {{{.weights = &weights.query, .y = queries},
           {.weights = &weights.key, .y = keys},
           {.weights = &weights.value, .y = values}}});
  if (spec.bias) {
    add_bias(compute_, queries, weights.query_bias);
    add_bias(compute_, keys, weights.key_bias);
    add_bias(compute_, values, weights.value_bias);
  }
  if (spec.qk_norm) {
    rms_norm(compute_, queries, weights.query_norm, spec_.norm_eps, queries);
    rms_norm(compute_, keys, weights.key_norm, spec_.norm_eps, keys);
  }
  const Turns& turns = turns_[turns_of_layer_[index]];
  const KvFormat& format = cache.format();
  const Matrix<float> slot_queries = shape(slot_queries_, turns.slots.tokens(), queries.cols);
  std::copy_n(queries.data, slot_queries.rows * queries.cols, slot_queries.data);
  turn(turns.own, spec, format, queries);
  turn(turns.slots, spec, format, slot_queries);
  const Matrix<float> far_keys = shape(far_keys_, turns.far_keys.tokens(), keys.cols);
  std::copy_n(keys.data, far_keys.rows * keys.cols, far_keys.data);
  turn(turns.own, spec, format, keys);
  turn(turns.far_keys, spec, format, far_keys);

  cache.write(*compute_.pool, index, turns.extend ? far_keys : keys, values);
  attend({.layer = index,
          .queries = queries,
          .keys = keys,
          .values = values,
          .slot_queries = slot_queries},
         attended);
  matmul(compute_, attended, {{{.weights = &weights.output, .y = y}}});
}

// What queries and keys go through before they meet.
void Forward::turn(const RopeAngles& angles, const AttentionSpec& spec, const KvFormat& format,
                   Matrix<float> rows) const {
  if (rows.rows == 0) return;
  rope(compute_, angles, spec.rope.pairing, spec.head_dim, rows);
  if (format.rotates_keys()) hadamard(compute_, spec.head_dim, rows);
}

void Forward::mlp(size_t index, ConstMatrix<float> x, Matrix<float> y) {
  const MlpSpec& spec = spec_.layers[index].mlp;
  const LayerWeights& weights = weights_.layers[index];
  const Matrix<float> gate = shape(gate_, x.rows, spec.hidden);
  const Matrix<float> up = shape(up_, x.rows, spec.hidden);

  matmul(compute_, x, {{{.weights = &weights.gate, .y = gate}, {.weights = &weights.up, .y = up}}});
  if (spec.activation == Activation::silu) {
    silu_mul(compute_, gate, up);
  } else {
    gelu_mul(compute_, gate, up);
  }
  matmul(compute_, gate, {{{.weights = &weights.down, .y = y}}});
}

}  // namespace fathom
