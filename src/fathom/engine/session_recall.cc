// Session: texts that are kept, so that they are read only once.
#include <new>
#include <vector>

#include "fathom/engine/engine.h"
#include "fathom/model/rope_of_model.h"

namespace fathom {

void Session::keep_prefixes(const PrefixOptions& prefixes) {
  if (is_extended(model_))
    return prefixes.say("--rope " + brief(model_.rope_scaling) +
                        " has the newest keys in two forms, so the text is not kept");
  const Status recallable =
      check_recallable(heads_, cache_.cache().format(), static_cast<int64_t>(options_.context));
  if (!recallable.ok())
    return prefixes.say(recallable.error().message + ", so the text is not kept");
  recorder_.emplace(prefixes.store,
                    PrefixFacts{.model_sha256 = prefixes.model_sha256,
                                .settings = prefix_settings(compute_, model_,
                                                            options_.attention.spec(), options_.kv),
                                .chunk = options_.chunk,
                                .drops = cache_.policy_drops(),
                                .budget = options_.kv.spec.policy->budget(),
                                .model = prefixes.model,
                                .text = prefixes.text,
                                .part_tokens = prefixes.part_tokens},
                    prefixes.say);
}

size_t Session::recall(std::span<const TokenId> tokens) {
  if (!recorder_) return 0;
  try {
    const auto first_seen = [this](size_t layer, uint64_t next) {
      return cache_.first_seen(layer, next);
    };
    const auto restore = [this](std::string_view statistics) { return cache_.restore(statistics); };
    recalled_ = recorder_->recall(*compute_.pool, tokens, first_seen, restore, cache_.cache());
    append_recalled();
  } catch (const std::bad_alloc&) {  // it is read, as far as memory goes
    clear();
    return 0;
  }
  for (const TokenId token : tokens.first(recalled_))
    text_ends_.next(engine_.tokenizer().bytes(token));
  tokens_.assign(tokens.begin(), tokens.begin() + static_cast<ptrdiff_t>(recalled_));
  return recalled_;
}

// Copies of keys in other orders come back from the cache's rows.
void Session::append_recalled() {
  const auto context = static_cast<int64_t>(options_.context);
  const KvCache& cache = cache_.cache();
  std::vector<float> keys, values;
  for (size_t layer = 0; layer < cache.layers(); ++layer) {
    const auto [kv_heads, head_dim] = cache.shape(layer);
    const bool copies = !cache_.drops(layer) && keeps_copies(heads_, layer, context);
    const size_t cols = copies ? kv_heads * head_dim : 0;
    keys.resize(recalled_ * cols);
    values.resize(recalled_ * cols);
    const Matrix<float> key_rows(keys.data(), recalled_, cols);
    const Matrix<float> value_rows(values.data(), recalled_, cols);
    for (size_t head = 0; head * head_dim < cols; ++head) {
      cache.read_keys(layer, head, key_rows.cols_at(head * head_dim, head_dim));
      cache.read_values(layer, head, value_rows.cols_at(head * head_dim, head_dim));
    }
    attention_->append(layer, key_rows, value_rows);
  }
}

}  // namespace fathom
