#include "fathom/model/weights.h"

#include <set>
#include <string>
#include <string_view>

namespace fathom {
namespace {

std::string describe(std::span<const uint64_t> shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  return text + "]";
}

// The model's spec has what these say.
bool is_of_rope(std::string_view name) {
  return name == "rope_freqs.weight" || name == "rope_factors_short.weight" ||
         name == "rope_factors_long.weight";
}

// Finds tensors by name, and remembers which of the file's were asked for.
class Binder {
 public:
  explicit Binder(const gguf::File& file) : file_(file) {}

  bool has(const std::string& name) const { return file_.find(name) != nullptr; }

  Status matrix(const std::string& name, size_t rows, size_t cols, Weights& out) {
    FATHOM_TRY(const gguf::Tensor* tensor, find(name, {cols, rows}));
    out = {.type = tensor->type, .data = tensor->data, .rows = rows, .cols = cols};
    return {};
  }

  Status vector(const std::string& name, size_t size, std::span<const float>& out) {
    FATHOM_TRY(const gguf::Tensor* tensor, find(name, {size}));
    if (tensor->type != DType::f32)
      return Error{"tensor '" + name + "' is " + std::string(info(tensor->type).name) +
                   ", but must be F32"};
    out = {reinterpret_cast<const float*>(tensor->data), size};
    return {};
  }

  // A tensor that no one asked for would change the result, had the model been understood.
  Status check_all_used() const {
    for (const gguf::Tensor& tensor : file_.tensors())
      if (!used_.contains(tensor.name) && !is_of_rope(tensor.name))
        return Error{"tensor '" + tensor.name +
                     "' is not part of this architecture as Fathom knows it"};
    return {};
  }

 private:
  Result<const gguf::Tensor*> find(const std::string& name, std::vector<uint64_t> shape) {
    const gguf::Tensor* tensor = file_.find(name);
    if (tensor == nullptr)
      return Error{"tensor '" + name + "' is missing; it should have shape " + describe(shape)};
    if (tensor->shape != shape)
      return Error{"tensor '" + name + "' has shape " + describe(tensor->shape) +
                   ", but should have " + describe(shape)};
    used_.insert(tensor->name);
    return tensor;
  }

  const gguf::File& file_;
  std::set<std::string_view> used_;
};

Status bind_attention(Binder& bind, const std::string& prefix, const ModelSpec& model,
                      const LayerSpec& spec, LayerWeights& layer) {
  const AttentionSpec& attention = spec.attention;
  const size_t queries = attention.heads * attention.head_dim;
  const size_t keys = attention.kv_heads * attention.head_dim;
  FATHOM_CHECK(bind.vector(prefix + "attn_norm.weight", model.width, layer.attention_norm));
  FATHOM_CHECK(bind.matrix(prefix + "attn_q.weight", queries, model.width, layer.query));
  FATHOM_CHECK(bind.matrix(prefix + "attn_k.weight", keys, model.width, layer.key));
  FATHOM_CHECK(bind.matrix(prefix + "attn_v.weight", keys, model.width, layer.value));
  FATHOM_CHECK(bind.matrix(prefix + "attn_output.weight", model.width, queries, layer.output));
  if (attention.bias) {
    FATHOM_CHECK(bind.vector(prefix + "attn_q.bias", queries, layer.query_bias));
    FATHOM_CHECK(bind.vector(prefix + "attn_k.bias", keys, layer.key_bias));
    FATHOM_CHECK(bind.vector(prefix + "attn_v.bias", keys, layer.value_bias));
  }
  if (attention.qk_norm) {
    FATHOM_CHECK(bind.vector(prefix + "attn_q_norm.weight", attention.head_dim, layer.query_norm));
    FATHOM_CHECK(bind.vector(prefix + "attn_k_norm.weight", attention.head_dim, layer.key_norm));
  }
  if (spec.post_norms)
    FATHOM_CHECK(
        bind.vector(prefix + "post_attention_norm.weight", model.width, layer.attention_post_norm));
  return {};
}

Status bind_mlp(Binder& bind, const std::string& prefix, const ModelSpec& model,
                const LayerSpec& spec, LayerWeights& layer) {
  const size_t hidden = spec.mlp.hidden;
  FATHOM_CHECK(bind.vector(prefix + "ffn_norm.weight", model.width, layer.mlp_norm));
  FATHOM_CHECK(bind.matrix(prefix + "ffn_gate.weight", hidden, model.width, layer.gate));
  FATHOM_CHECK(bind.matrix(prefix + "ffn_up.weight", hidden, model.width, layer.up));
  FATHOM_CHECK(bind.matrix(prefix + "ffn_down.weight", model.width, hidden, layer.down));
  if (spec.post_norms)
    FATHOM_CHECK(bind.vector(prefix + "post_ffw_norm.weight", model.width, layer.mlp_post_norm));
  return {};
}

}  // namespace

Result<ModelWeights> bind_weights(const gguf::File& file, const ModelSpec& spec) {
  Binder bind(file);
  ModelWeights weights;
  FATHOM_CHECK(bind.matrix("token_embd.weight", spec.vocabulary, spec.width, weights.embedding));
  FATHOM_CHECK(bind.vector("output_norm.weight", spec.width, weights.final_norm));
  weights.head = weights.embedding;
  if (bind.has("output.weight"))
    FATHOM_CHECK(bind.matrix("output.weight", spec.vocabulary, spec.width, weights.head));
  weights.layers.resize(spec.layers.size());
  for (size_t i = 0; i < spec.layers.size(); ++i) {
    const std::string prefix = "blk." + std::to_string(i) + ".";
    FATHOM_CHECK(bind_attention(bind, prefix, spec, spec.layers[i], weights.layers[i]));
    FATHOM_CHECK(bind_mlp(bind, prefix, spec, spec.layers[i], weights.layers[i]));
  }
  FATHOM_CHECK(bind.check_all_used());
  return weights;
}

}  // namespace fathom
