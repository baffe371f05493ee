// Attention of one layer over one sequence: from what each head's pattern says to a call of
// attend().
//
// It keeps what the patterns need of the keys so far beside the cache: copies in other orders, and
// the indices by which patterns of content choose. A step is: append() the new tokens' keys and
// values, then plan() and attend() with their queries.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fathom/attention/head_plan.h"
#include "fathom/attention/key_index.h"
#include "fathom/attention/lane_cache.h"
#include "fathom/kernels/attend.h"

namespace fathom {

// The plans of patterns that positions settle, made once a call and shared by all layers.
class SharedPlans {
 public:
  // `context`: most tokens of the sequence.
  explicit SharedPlans(int64_t context) : context_(context) {}
  // Of queries at `positions` over the keys up to their end.
  void begin(PositionRange positions);
  // `near`: AttentionShape's.
  const HeadPlan& of(const PatternPtr& pattern, int64_t near = 0);

 private:
  int64_t context_;
  PositionRange positions_;
  std::map<std::pair<const Pattern*, int64_t>, HeadPlan> plans_;
};

// What one call cost and kept.
struct AttentionCount {
  uint64_t scored = 0;        // query-key pairs of all heads
  uint64_t full = 0;          // that full causal attention scores
  double select_seconds = 0;  // of choosing by content, and planning what was chosen
  // Over some queries of each head: the share of full attention's weights that its pattern keeps.
  double mass = 0;      // summed
  size_t measured = 0;  // how many shares

  void add(const AttentionCount& other);
  double fraction() const;
  std::optional<double> mass_kept() const;  // the mean; none: nothing was measured
};

class AttentionLayer {
 public:
  // `patterns`: of each query head; heads with one pointer share plans. `evicting`: the cache drops
  // keys, so that calls say which it has, and no copies are kept beside it. Then, and where near
  // keys lie apart, no pattern may depend on content.
  AttentionLayer(const AttentionShape& shape, std::vector<PatternPtr> patterns,
                 bool evicting = false);

  // Keys and values, [n, kv_heads * head_dim], of the n tokens after those appended; `ends`, of n
  // tokens or none: what of the text ends with each, if that is known. Throws std::bad_alloc.
  void append(const Compute& compute, ConstMatrix<float> keys, ConstMatrix<float> values,
              std::span<const TextEnd> ends = {});

  // The plans of each head's queries, valid until the next append().
  struct Plans {
    std::vector<HeadPlan> chosen;          // by patterns of content, or over kept keys
    std::vector<const HeadPlan*> of_head;  // among these, or the shared ones
    double select_seconds = 0;             // of choosing, since the last plan()
  };
  // `shared` are begun for call.positions.
  Plans plan(const AttentionCall& call, SharedPlans& shared);

  // Told of a call of attend() once it ran.
  using Observer = std::function<void(const AttendArgs& args)>;
  // Attends: `out` as attend() has it; `observe`, if given, is told, log sums included. With
  // `measure`, a seed, the mass that the patterns keep is measured for some queries of the call
  // that it draws, one of every kMeasured.
  AttentionCount attend(const AttentionCall& call, const Plans& plans,
                        std::optional<uint64_t> measure, Matrix<float> out,
                        const Observer& observe = {}) const;

  size_t bytes() const;  // of copies and indices

  // The queries of a call whose mass is measured: one drawn of every kMeasured, and of what is left
  // if that is a good many; of few, as in decoding, one of kMeasured.
  static constexpr int64_t kMeasured = 256;
  static std::vector<Position> measured_queries(PositionRange positions, uint64_t seed);

 private:
  std::vector<AttendPart> parts(const AttentionCall& call, const Plans& plans) const;
  Plans plan_over_kept(const AttentionCall& call);
  void keep_copy(const KeyOrderPtr& order);
  const LaneCache* copy_of(const PlannedTerm& term) const;
  void measure_mass(const AttentionCall& call, std::span<const Position> measured,
                    ConstMatrix<float> log_sums, AttentionCount& count) const;

  struct Copy {
    KeyOrderPtr order;
    LaneCache cache;
  };

  AttentionShape shape_;
  std::vector<PatternPtr> patterns_;  // [heads]
  bool evicting_;
  // By pattern, for the calls' reach.
  std::optional<KvReach> reach_;
  std::map<const Pattern*, std::vector<KeptPart>> kept_parts_;
  std::vector<KeyIndex*> index_of_head_;  // [heads]; null: content does not matter
  std::vector<std::unique_ptr<KeyIndex>> indices_;
  std::map<std::string, Copy> copies_;  // by order
  int64_t tokens_ = 0;
  double append_seconds_ = 0;  // of the indices, since the last plan()
};

}  // namespace fathom
