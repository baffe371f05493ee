// A model's tensors, found by name and checked against its spec. They stay in the mapped file.
#pragma once

#include <span>
#include <vector>

#include "fathom/base/result.h"
#include "fathom/gguf/gguf.h"
#include "fathom/kernels/matmul.h"
#include "fathom/model/spec.h"

namespace fathom {

struct LayerWeights {
  std::span<const float> attention_norm, attention_post_norm, mlp_norm, mlp_post_norm;
  Weights query, key, value, output;  // projections
  std::span<const float> query_bias, key_bias, value_bias;
  std::span<const float> query_norm, key_norm;  // [head_dim]
  Weights gate, up, down;
};

struct ModelWeights {
  Weights embedding;  // [vocabulary, width]
  std::span<const float> final_norm;
  Weights head;  // [vocabulary, width]; the embedding where the file has no output
  std::vector<LayerWeights> layers;
};

// Errors name the tensor that is missing, or has another shape or type, and what it should be.
Result<ModelWeights> bind_weights(const gguf::File& file, const ModelSpec& spec);

}  // namespace fathom
