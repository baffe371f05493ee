// What a RoPE scaling comes to for a model, in a context of so many tokens.
//
// A session's context settles what a scaling leaves open, once: frequencies that changed as the
// text grew would make the keys in the cache wrong (docs/adr/0017).
//
// Layers with a window of their own below the trained context keep their RoPE: their distances
// never exceed the window. Gemma 3 itself scales its global layers alone.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "fathom/base/result.h"
#include "fathom/model/rope_scaling.h"
#include "fathom/model/spec.h"

namespace fathom {

// The scaling that is in force: the file's own for automatic, every factor given, dynamic_ntk as
// the ntk that it is in this context, longrope with the list of this context alone. Error: lists of
// another length than the model has pairs, or none at all.
Result<RopeScaling> settle(const RopeScaling& scaling, const ModelSpec& model, size_t context);

// The model with the RoPE of that in its layers. Error: as settle()'s.
Result<ModelSpec> with_rope(const ModelSpec& model, const RopeScaling& scaling, size_t context);

// Whether a layer's RoPE is scaled.
bool is_scaled(const ModelSpec& model, const AttentionSpec& attention);

// Whether any layer meets far keys in places of their own (self_extend.h).
bool is_extended(const ModelSpec& model);

// How many tokens a scaling is made for; none: as many as its context has.
std::optional<size_t> rope_reach(const ModelSpec& model, const RopeScaling& scaling);

// The context of a session that was given none, `tokens` of which are known to be needed, 0 if
// nothing is: what the model was trained for; with a factor what that reaches; with a scaling that
// follows the context, the trained one doubled until it suffices, so that texts that grow share a
// few contexts.
size_t rope_context(const ModelSpec& model, const RopeScaling& scaling, size_t tokens);

// Error: automatic, and the model was trained for less; it names flags that reach so far.
Status check_rope_reach(const ModelSpec& model, const RopeScaling& scaling, size_t context);

// Scalings that reach `context` tokens: "--rope 'yarn(factor=4)', ...".
std::string rope_advice(const ModelSpec& model, size_t context);

// For people: a settled scaling, long lists left out.
std::string brief(const RopeScaling& settled);

// What tells a model's scaling from the one that its file alone says; empty: they are the same.
std::string foreign_rope(const ModelSpec& model);

// What a person should know of a scaling in this context: that it changes nothing, or does not
// reach so far.
std::vector<std::string> rope_notes(const ModelSpec& model, const RopeScaling& scaling,
                                    size_t context);

}  // namespace fathom
