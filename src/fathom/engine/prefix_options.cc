#include "fathom/engine/prefix_options.h"

#include <algorithm>
#include <utility>

#include "fathom/attention/key_index.h"
#include "fathom/engine/model_identity.h"
#include "fathom/engine/model_store.h"
#include "fathom/model/rope_of_model.h"
#include "fathom/simd/isa.h"

namespace fathom {
namespace {

bool depends_on_content(const Pattern& pattern, int64_t context) {
  return pattern.index({.head_dim = kBlock, .context = context}) != nullptr;
}

bool has_copies(const Pattern& pattern, int64_t context) {
  const std::vector<Term> terms = pattern.terms(context);
  return std::ranges::any_of(terms, [](const Term& term) { return term.order != nullptr; });
}

}  // namespace

Result<PrefixOptions> prefix_options(PrefixStore store, const std::string& model,
                                     PrefixStore::SayFn say) {
  FATHOM_TRY(const std::string path, resolve_model(model));
  FATHOM_TRY(std::string identity, model_sha256(path, store.folder()));
  return PrefixOptions{.store = std::move(store),
                       .model_sha256 = std::move(identity),
                       .model = model,
                       .text = {},
                       .say = std::move(say)};
}

std::string prefix_settings(const Compute& compute, const ModelSpec& model,
                            const std::string& attention, const KvOptions& kv) {
  const std::string rope = foreign_rope(model);
  return (rope.empty() ? "" : "--rope '" + rope + "' ") + "--attn '" + attention + "' --kv '" +
         kv.spec.spec() + "' --kv-split '" + kv.split.spec() + "' --isa " +
         std::string(name(compute.isa)) + ", attention in " + std::string(name(compute.operand)) +
         ", projections in " + std::string(name(compute.activations));
}

Status check_recallable(const HeadPatterns& heads, const KvFormat& format, int64_t context) {
  for (const PatternPtr& pattern : heads.patterns) {
    if (depends_on_content(*pattern, context))
      return Error{"--attn " + pattern->spec() + " chooses by keys as they were before rounding"};
    const bool as_multiplied = format.operand != Operand::int8 && !format.coded();
    if (!as_multiplied && has_copies(*pattern, context))
      return Error{"--attn " + pattern->spec() + " copies keys as they were before rounding"};
  }
  return {};
}

bool keeps_copies(const HeadPatterns& heads, size_t layer, int64_t context) {
  return std::ranges::any_of(heads.of_head[layer], [&](size_t which) {
    return has_copies(*heads.patterns[which], context);
  });
}

}  // namespace fathom
