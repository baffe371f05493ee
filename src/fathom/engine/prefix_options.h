// What a session needs so that its text is read only once, and when it cannot be.
#pragma once

#include <optional>
#include <string>

#include "fathom/base/result.h"
#include "fathom/engine/head_patterns.h"
#include "fathom/engine/prefix_recorder.h"
#include "fathom/engine/session_cache.h"
#include "fathom/kernels/compute.h"
#include "fathom/model/spec.h"

namespace fathom {

struct PrefixOptions {
  PrefixStore store;
  std::string model_sha256;  // model_identity.h
  std::string model;         // its name, for people
  std::string text;          // how the document begins, for people
  PrefixStore::SayFn say;
  uint64_t part_tokens = kUsualPartTokens;
};

// For the model that Engine::load() finds by `model`. Errors: of its file.
Result<PrefixOptions> prefix_options(PrefixStore store, const std::string& model,
                                     PrefixStore::SayFn say);

// What of a session's options changes values, as text. `attention` is the specification; `model`
// has the session's RoPE.
std::string prefix_settings(const Compute& compute, const ModelSpec& model,
                            const std::string& attention, const KvOptions& kv);

// Error: what attention keeps beside the cache is not the same when it is made of what the cache
// holds.
Status check_recallable(const HeadPatterns& heads, const KvFormat& format, int64_t context);

// Whether a head's keys are also kept in another order.
bool keeps_copies(const HeadPatterns& heads, size_t layer, int64_t context);

}  // namespace fathom
