// A cache policy: which tokens a cache keeps once it holds more than its budget. One file in
// policies/ that defines a PolicyPlugin named as the file.
//
// Most policies only score tokens; eviction.h selects by the scores, and the cache gathers what is
// kept and frees the rest. Some keep what positions settle (KvReach): queries then see just that,
// whatever else still lies in the cache.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "fathom/base/kv_reach.h"
#include "fathom/base/matrix.h"
#include "fathom/base/parameters.h"
#include "fathom/base/position.h"
#include "fathom/base/result.h"

namespace fathom {

// What a policy wants to know besides positions. Nothing else is computed.
struct KvNeeds {
  bool attention_sums = false;
  int64_t recent_queries = 0;  // how many of the last are remembered, for
  bool recent_sums = false;
  bool recent_scores = false;
  bool keys = false;
  bool values = false;
};

// One KV head's tokens when some are to go. What is not needed is empty.
struct KvScoring {
  size_t layer = 0;
  size_t kv_head = 0;
  size_t group = 1;                     // query heads of this KV head
  std::span<const Position> positions;  // [slots], ascending
  Position end;                         // of the text so far
  // [slots]: the softmax weights that each token got, summed over all queries since it came, of all
  // query heads of the group.
  std::span<const float> attention_sums;
  // [slots]: the same over the recent queries alone, each over the tokens now there that it may
  // see.
  std::span<const float> recent_sums;
  // [recent_queries * group, slots]: scale * query . key of these queries, for every token now
  // there, before or after the query. A query's heads side by side; fewer rows while the text has
  // fewer tokens.
  ConstMatrix<float> recent_scores;
  ConstMatrix<float> keys;    // [slots, head_dim], after RoPE, possibly rotated as a whole
  ConstMatrix<float> values;  // [slots, head_dim], possibly rotated as a whole
};

// Tokens for each KV head on average, or a share of the text's.
struct KvBudget {
  int64_t tokens = 0;  // at least 1, or 0: the share is meant
  double share = 0;    // between 0 and 1
  // At least 1. A share's is rounded down to 6 bits, by 3 % at most: texts of about one length,
  // such as a document with one question or another, have the same.
  int64_t of(int64_t text_tokens) const;
  std::string text() const;  // as a specification has it: "4096", "0.1"
};

class Policy {
 public:
  virtual ~Policy() = default;

  // None: everything is kept.
  virtual std::optional<KvBudget> budget() const { return std::nullopt; }
  // If given, what is seen, and kept in whole blocks; then neither budget() nor score() is asked.
  virtual std::optional<KvReach> reach() const { return std::nullopt; }
  virtual KvNeeds needs() const { return {}; }
  // How many of a budget's tokens are the newest, whatever their score.
  virtual int64_t recent(int64_t /*budget*/) const { return 0; }
  // Whether tokens go while an answer is generated too.
  virtual bool while_decoding() const { return true; }
  // Whether all KV heads of a layer keep the same tokens: scores are then averaged over them.
  virtual bool shares_layer() const { return false; }
  // [slots], 0 when it is asked: higher is kept; of equal ones the newer. Several threads ask at
  // once.
  virtual void score(const KvScoring& /*head*/, std::span<float> /*scores*/) const {}

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

// The parameter `budget` that policies have in common, and what it was given. Error: neither a
// whole number of tokens nor a share.
ParameterInfo budget_parameter();
Result<KvBudget> read_budget(const Parameters& parameters);

namespace policies {
// Every policy of the folder, by name.
std::span<const PolicyPlugin* const> all();
}  // namespace policies

}  // namespace fathom
