// A cache policy: which tokens a cache keeps once it holds more than its budget. One file in
// policies/ that defines a PolicyPlugin named as the file.
//
// Most policies only score tokens; eviction.h selects by the scores, and the cache gathers what is
// kept and frees the rest. Some keep what positions settle (Reach): queries then see just that,
// whatever else still lies in the cache.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "fathom/base/matrix.h"
#include "fathom/base/parameters.h"
#include "fathom/base/position.h"
#include "fathom/base/result.h"

namespace fathom {

// What a policy wants to know besides positions. Nothing else is computed.
struct KvNeeds {
  bool attention_sums = false;
  int64_t recent_queries = 0;
  bool keys = false;
  bool values = false;
};

// One KV head's tokens when some are to go. Spans are empty unless they are needed.
struct KvScoring {
  size_t layer = 0;
  size_t kv_head = 0;
  size_t group = 1;                     // query heads of this KV head
  std::span<const Position> positions;  // [slots], ascending
  Position end;                         // of the text so far
  // [slots]: the softmax weights that each got, summed over all queries since it came, of all query
  // heads of the group.
  std::span<const float> attention_sums;
  // [recent_queries * group, slots]: softmax weights of the last queries, one query's heads side by
  // side, over the tokens now there that each may see.
  ConstMatrix<float> recent_weights;
  ConstMatrix<float> keys;    // [slots, head_dim], after RoPE, possibly rotated as a whole
  ConstMatrix<float> values;  // [slots, head_dim]
};

// By position: query q sees key k if k < sinks or q - k < recent.
struct KvReach {
  int64_t sinks = 0;
  int64_t recent = 0;
  // Sinks are met from where the query stands within the cache (StreamingLLM): their distance stays
  // at most sinks + recent - 1.
  bool reindexed = false;
};

// Tokens for each KV head on average, or a share of the text's.
struct KvBudget {
  int64_t tokens = 0;
  double share = 0;  // used if tokens == 0
  int64_t of(int64_t text_tokens) const;
};

class Policy {
 public:
  virtual ~Policy() = default;

  // None: everything is kept.
  virtual std::optional<KvBudget> budget() const { return std::nullopt; }
  // If given, what is seen, and kept in whole blocks; then score() is not asked.
  virtual std::optional<KvReach> reach() const { return std::nullopt; }
  virtual KvNeeds needs() const { return {}; }
  // How many of the newest tokens are kept whatever their score.
  virtual int64_t recent() const { return 0; }
  // Whether tokens go while an answer is generated too.
  virtual bool while_decoding() const { return true; }
  // Whether all KV heads of a layer keep the same tokens: scores are then averaged over them.
  virtual bool shares_layer() const { return false; }
  // [slots]: higher is kept.
  virtual void score(const KvScoring& head, std::span<float> scores) const = 0;

  // A specification that makes this policy, every parameter written out.
  virtual std::string spec() const = 0;
};

using PolicyPtr = std::shared_ptr<const Policy>;

struct PolicyPlugin {
  std::string_view name;     // in a specification: name(key=value, ...)
  std::string_view summary;  // one line: what it keeps
  std::string_view paper;    // where it comes from
  std::span<const ParameterInfo> parameters;
  // A few specifications of it, edges included: every test of policies runs them all.
  std::span<const std::string_view> examples;
  Result<PolicyPtr> (*make)(const Parameters& parameters);
};

namespace policies {
// Every policy of the folder, by name.
std::span<const PolicyPlugin* const> all();
}  // namespace policies

}  // namespace fathom
