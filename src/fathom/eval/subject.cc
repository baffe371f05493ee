#include "fathom/eval/subject.h"

#include <numeric>

namespace fathom {
namespace {

// Of the tokens that every layer and KV head read, the fraction still held.
double kept_fraction(const KvCount& count, size_t read) {
  size_t held = 0;
  size_t heads = 0;
  for (const std::vector<size_t>& layer : count.kept) {
    held += std::accumulate(layer.begin(), layer.end(), size_t{0});
    heads += layer.size();
  }
  if (read == 0 || heads == 0) return 1;
  return static_cast<double>(held) / static_cast<double>(read * heads);
}

}  // namespace

Result<Session*> Subject::open(size_t context) {
  SessionOptions options = technique_.options;
  options.context = context;
  options.chunk = chunk_;
  options.prefixes = prefixes_;
  close();
  FATHOM_TRY(session_, Session::open(engine_, options));
  watch_ = {};
  return session_.get();
}

Json Subject::costs() const {
  const AttentionCount& count = session_->attention_count();
  const KvCount cache = session_->kv_count();
  const auto mass = count.mass_kept();
  return {{"seconds", watch_.seconds()},
          {"read_seconds", session_->read_seconds()},
          {"read_tokens", session_->read()},
          {"pairs_scored", count.fraction()},
          {"mass_kept", mass ? Json(*mass) : Json(nullptr)},
          {"kv_bytes", session_->kv_bytes()},
          {"kept", kept_fraction(cache, session_->read())},
          {"evicted", cache.evicted}};
}

}  // namespace fathom
