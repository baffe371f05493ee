#include "fathom/eval/subject.h"

#include <numeric>

namespace fathom {
namespace {

struct Held {
  size_t tokens = 0;  // summed over layers and KV heads
  size_t heads = 0;   // of all layers
};

Held held_by(const KvCount& count) {
  Held held;
  for (const std::vector<size_t>& layer : count.kept) {
    held.tokens += std::accumulate(layer.begin(), layer.end(), size_t{0});
    held.heads += layer.size();
  }
  return held;
}

double ratio(double part, double whole) { return whole == 0 ? 1 : part / whole; }

}  // namespace

Result<Session*> Subject::open(size_t context) {
  SessionOptions options = technique_.options;
  options.context = context;
  options.chunk = chunk_;
  if (recalls) options.prefixes = prefixes_;
  close();
  FATHOM_TRY(session_, Session::open(engine_, options));
  watch_ = {};
  return session_.get();
}

Json Subject::costs() const {
  const AttentionCount& count = session_->attention_count();
  const KvCount cache = session_->kv_count();
  const Held held = held_by(cache);
  const auto tokens = static_cast<double>(held.tokens);
  const auto heads = static_cast<double>(held.heads);
  const auto read = static_cast<double>(session_->read());
  const auto mass = count.mass_kept();
  return {{"seconds", watch_.seconds()},
          {"read_seconds", session_->read_seconds()},
          {"read_tokens", session_->read()},
          {"pairs_scored", count.fraction()},
          {"mass_kept", mass ? Json(*mass) : Json(nullptr)},
          {"kv_bytes", session_->kv_bytes()},
          {"kept", ratio(tokens, read * heads)},
          {"kv_token_bytes", ratio(static_cast<double>(cache.nominal_bytes) * heads, tokens)},
          {"evicted", cache.evicted}};
}

}  // namespace fathom
