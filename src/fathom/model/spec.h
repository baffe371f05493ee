// What a model is, as data: a vector of layer specs that one forward function reads.
//
// An architecture (archs/) turns metadata into this; nothing else in Fathom knows architectures.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fathom/kernels/rope.h"
#include "fathom/model/rope_facts.h"
#include "fathom/model/self_extend.h"

namespace fathom {

struct AttentionSpec {
  size_t heads = 0;
  size_t kv_heads = 0;
  size_t head_dim = 0;
  float scale = 1;               // of q . k
  std::optional<size_t> window;  // the layer's own sliding window: q - k < window
  bool qk_norm = false;          // RMS norm of each query and key head before RoPE
  bool bias = false;             // q, k and v projections have one
  RopeFacts rope_facts = {};     // what the file says of RoPE
  RopeSpec rope = {};            // and what comes of it: rope_of_model.h
  std::optional<SelfExtend> extend = std::nullopt;
};

enum class Activation : uint8_t { silu, gelu };

struct MlpSpec {
  size_t hidden = 0;
  Activation activation = Activation::silu;
};

struct LayerSpec {
  AttentionSpec attention;
  MlpSpec mlp;
  bool post_norms = false;  // RMS norm of each mixer's and MLP's output before its residual (Gemma)
};

struct ModelSpec {
  std::string architecture;
  size_t vocabulary = 0;
  size_t width = 0;            // the residual stream's
  size_t trained_context = 0;  // tokens
  float norm_eps = 1e-5f;
  float embedding_scale = 1;
  std::vector<LayerSpec> layers;
  double rope_base = 0;  // as the metadata says, for people: rope.freq_base
  std::optional<double> rope_base_windowed;
  RopeScaling rope_scaling;  // in force, with nothing left open: rope_of_model.h
};

}  // namespace fathom
