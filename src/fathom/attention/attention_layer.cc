#include "fathom/attention/attention_layer.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include "fathom/attention/hash_words.h"
#include "fathom/base/buffer.h"
#include "fathom/base/stopwatch.h"

namespace fathom {
namespace {

size_t row_of(const AttentionCall& call, Position query) {
  return static_cast<size_t>(query.value - call.positions.begin.value);
}

// Full causal attention of queries that are rows of their own, whatever their distance.
BlockPlan plan_alone(std::span<const Position> queries) {
  BlockPlan plan{.queries = queries.size()};
  for (const Position query : queries) {
    const auto keys = static_cast<uint32_t>(query.value + 1);
    const uint32_t whole = keys / kBlock;
    plan.block_begin.push_back(static_cast<uint32_t>(plan.order.size()));
    plan.order.push_back(static_cast<uint32_t>(plan.order.size()));
    if (whole > 0) plan.runs.push_back({.first = 0, .count = whole});
    if (keys % kBlock != 0) {
      plan.runs.push_back(
          {.first = whole, .count = 1, .mask = static_cast<uint32_t>(plan.masks.size())});
      plan.masks.emplace_back().rows[0] = (uint64_t{1} << keys % kBlock) - 1;
    }
    plan.run_begin.push_back(static_cast<uint32_t>(plan.runs.size()));
  }
  plan.block_begin.push_back(static_cast<uint32_t>(plan.order.size()));
  return plan;
}

}  // namespace

void SharedPlans::begin(PositionRange positions) {
  positions_ = positions;
  plans_.clear();
}

const HeadPlan& SharedPlans::of(const PatternPtr& pattern, int64_t near) {
  const std::pair<const Pattern*, int64_t> key(pattern.get(), near);
  const auto found = plans_.find(key);
  if (found != plans_.end()) return found->second;
  const PlanRequest request{.queries = positions_, .keys = {{0}, positions_.end}};
  HeadPlan plan =
      near > 0 ? plan_near_far(pattern, near, request) : plan_head(pattern, request, context_);
  return plans_.emplace(key, std::move(plan)).first->second;
}

void AttentionCount::add(const AttentionCount& other) {
  scored += other.scored;
  full += other.full;
  select_seconds += other.select_seconds;
  mass += other.mass;
  measured += other.measured;
}

double AttentionCount::fraction() const {
  return full == 0 ? 1 : static_cast<double>(scored) / static_cast<double>(full);
}

std::optional<double> AttentionCount::mass_kept() const {
  if (measured == 0) return std::nullopt;
  return mass / static_cast<double>(measured);
}

AttentionLayer::AttentionLayer(const AttentionShape& shape, std::vector<PatternPtr> patterns,
                               bool evicting)
    : shape_(shape),
      patterns_(std::move(patterns)),
      evicting_(evicting),
      index_of_head_(patterns_.size()) {
  assert(patterns_.size() == shape.heads && shape.heads % shape.kv_heads == 0);
  assert(!evicting || shape.near == 0);
  if (evicting) return;
  if (shape.near > 0) {
    keep_copy(near_keys());
    return;
  }
  for (size_t head = 0; head < patterns_.size(); ++head) {
    const PatternPtr& pattern = patterns_[head];
    const auto same = std::find(patterns_.begin(), patterns_.end(), pattern) - patterns_.begin();
    if (static_cast<size_t>(same) < head) {
      index_of_head_[head] = index_of_head_[static_cast<size_t>(same)];
      continue;
    }
    if (auto index = pattern->index(shape)) {
      index_of_head_[head] = index.get();
      indices_.push_back(std::move(index));
    }
    for (const Term& term : disjoint_terms(pattern, shape.context)) {
      if (term.order != nullptr && term.copy == nullptr) keep_copy(term.order);
    }
  }
}

void AttentionLayer::keep_copy(const KeyOrderPtr& order) {
  const auto lanes = static_cast<size_t>(order->lanes());
  copies_.try_emplace(order->name(), Copy{order, LaneCache(lanes, shape_.kv_heads, shape_.head_dim,
                                                           shape_.operand)});
}

void AttentionLayer::append(const Compute& compute, ConstMatrix<float> keys,
                            ConstMatrix<float> values, std::span<const TextEnd> ends) {
  std::vector<std::optional<KeyOrder::Place>> places(keys.rows);
  for (auto& [name, copy] : copies_) {
    for (size_t head = 0; shape_.near > 0 && head < shape_.kv_heads; ++head)
      copy.cache.forget(head, 0, std::max<int64_t>(0, tokens_ + 1 - shape_.near));
    for (size_t i = 0; i < keys.rows; ++i)
      places[i] = copy.order->place({tokens_ + static_cast<int64_t>(i)});
    copy.cache.append(*compute.pool, places, keys, values);
  }
  const Stopwatch watch;
  for (const auto& index : indices_) {
    if (!ends.empty()) index->mark_ends(ends);
    index->append(compute, keys, values);
  }
  append_seconds_ += indices_.empty() ? 0 : watch.seconds();
  tokens_ += static_cast<int64_t>(keys.rows);
}

AttentionLayer::Plans AttentionLayer::plan(const AttentionCall& call, SharedPlans& shared) {
  assert(tokens_ == call.positions.end.value);
  if (evicting_) return plan_over_kept(call);
  const Stopwatch watch;
  for (const auto& index : indices_) index->prepare(call);
  std::vector<size_t> choosing;  // heads
  for (size_t head = 0; head < shape_.heads; ++head)
    if (index_of_head_[head] != nullptr) choosing.push_back(head);
  std::vector<PatternPtr> chosen(shape_.heads);
  call.compute->pool->run(choosing.size(), [&](size_t i, size_t) {
    chosen[choosing[i]] = index_of_head_[choosing[i]]->choose(call, choosing[i]);
  });

  std::vector<PatternPtr> distinct;
  std::vector<size_t> which(shape_.heads);
  for (const size_t head : choosing) {
    const auto same = std::find(distinct.begin(), distinct.end(), chosen[head]);
    which[head] = static_cast<size_t>(same - distinct.begin());
    if (same == distinct.end()) distinct.push_back(chosen[head]);
  }
  Plans plans;
  const PlanRequest request{.queries = call.positions, .keys = {{0}, call.positions.end}};
  plans.chosen = plan_heads(*call.compute->pool, distinct, request, shape_.context);
  for (size_t head = 0; head < shape_.heads; ++head)
    plans.of_head.push_back(index_of_head_[head] == nullptr
                                ? &shared.of(patterns_[head], shape_.near)
                                : &plans.chosen[which[head]]);
  if (!indices_.empty()) plans.select_seconds = watch.seconds() + append_seconds_;
  append_seconds_ = 0;
  return plans;
}

// One plan for the neighbours that share a KV head and a pattern.
AttentionLayer::Plans AttentionLayer::plan_over_kept(const AttentionCall& call) {
  if (call.reach != reach_) kept_parts_.clear();
  reach_ = call.reach;
  Plans plans;
  plans.chosen.reserve(shape_.heads);
  const PlanRequest request{.queries = call.positions, .keys = {{0}, call.positions.end}};
  for (size_t head = 0; head < shape_.heads; ++head) {
    const size_t kv_head = shape_.kv_head(head);
    const bool shared =
        head > 0 && shape_.kv_head(head - 1) == kv_head && patterns_[head] == patterns_[head - 1];
    if (!shared) {
      std::vector<KeptPart>& parts = kept_parts_[patterns_[head].get()];
      if (parts.empty()) parts = kept_parts(patterns_[head], reach_);
      plans.chosen.push_back(plan_kept(patterns_[head], parts, request, call.kept[kv_head]));
    }
    plans.of_head.push_back(&plans.chosen.back());
  }
  return plans;
}

AttentionCount AttentionLayer::attend(const AttentionCall& call, const Plans& plans,
                                      std::optional<uint64_t> measure, Matrix<float> out,
                                      const Observer& observe) const {
  assert(!(measure && evicting_));
  AttentionCount count;
  count.select_seconds = plans.select_seconds;
  const std::vector<Position> measured =
      measure ? measured_queries(call.positions, *measure) : std::vector<Position>();
  const bool with_sums = !measured.empty() || observe;
  Buffer<float> log_sums(with_sums ? call.queries.rows * shape_.heads : 0);
  const std::vector<AttendPart> all_parts = parts(call, plans);
  AttendArgs args{.queries = call.queries,
                  .out = out,
                  .head_dim = shape_.head_dim,
                  .scale = shape_.scale,
                  .parts = all_parts};
  if (with_sums) args.log_sums = {log_sums.data(), call.queries.rows, shape_.heads};
  fathom::attend(*call.compute, args);
  if (observe) observe(args);
  if (!measured.empty()) measure_mass(call, measured, args.log_sums, count);

  const auto begin = static_cast<uint64_t>(call.positions.begin.value);
  const auto end = static_cast<uint64_t>(call.positions.end.value);
  count.full = shape_.heads * ((end - begin) * (begin + end + 1) / 2);
  for (const HeadPlan* plan : plans.of_head) count.scored += plan->pairs;
  return count;
}

std::vector<AttendPart> AttentionLayer::parts(const AttentionCall& call, const Plans& plans) const {
  const size_t group = shape_.heads / shape_.kv_heads;
  std::vector<AttendPart> parts;
  size_t run = 0;  // where the parts of the last stacked heads begin
  for (size_t head = 0; head < shape_.heads; ++head) {
    if (head % group != 0 && plans.of_head[head] == plans.of_head[head - 1]) {
      for (size_t i = run; i < parts.size(); ++i) ++parts[i].heads;
      continue;
    }
    run = parts.size();
    for (const PlannedTerm& term : plans.of_head[head]->terms) {
      const LaneCache* const copy = copy_of(term);
      parts.push_back(
          {.head = head,
           .heads = 1,
           .plan = &term.plan,
           .keys = copy == nullptr ? call.cache[head / group] : copy->view(head / group),
           .operand = copy == nullptr ? shape_.operand : copy->operand(),
           .queries = term.at_slots ? call.slot_queries : ConstMatrix<float>()});
    }
  }
  return parts;
}

// The copy that a term is planned over; null: the cache itself.
const LaneCache* AttentionLayer::copy_of(const PlannedTerm& term) const {
  if (term.order == nullptr) return nullptr;
  return term.copy != nullptr ? term.copy : &copies_.at(term.order->name()).cache;
}

std::vector<Position> AttentionLayer::measured_queries(PositionRange positions, uint64_t seed) {
  constexpr int64_t kMany = 16;
  std::vector<Position> measured;
  for (Position begin = positions.begin; begin < positions.end; begin.value += kMeasured) {
    const int64_t size = std::min(kMeasured, positions.end.value - begin.value);
    const auto bits = mix(mix(0, seed + 1), static_cast<uint64_t>(begin.value));
    const auto drawn = static_cast<int64_t>(bits >> 16 & 0xffffff);
    if (size >= kMany || drawn % kMeasured < size) measured.push_back({begin.value + drawn % size});
  }
  return measured;
}

void AttentionLayer::measure_mass(const AttentionCall& call, std::span<const Position> measured,
                                  ConstMatrix<float> log_sums, AttentionCount& count) const {
  const size_t width = call.queries.cols;
  Buffer<float> rows(measured.size() * width), out(rows.size());
  Buffer<float> full(measured.size() * shape_.heads);
  for (size_t i = 0; i < measured.size(); ++i)
    std::copy_n(call.queries.row(row_of(call, measured[i])), width, rows.data() + i * width);
  const BlockPlan plan = plan_alone(measured);
  const std::vector<const BlockPlan*> plan_of_head(shape_.heads, &plan);
  const std::vector<AttendPart> all_parts = parts_of(call.cache, plan_of_head, shape_.operand);
  fathom::attend(*call.compute, {.queries = {rows.data(), measured.size(), width},
                                 .out = {out.data(), measured.size(), width},
                                 .head_dim = shape_.head_dim,
                                 .scale = shape_.scale,
                                 .parts = all_parts,
                                 .log_sums = {full.data(), measured.size(), shape_.heads}});
  for (size_t i = 0; i < measured.size(); ++i)
    for (size_t head = 0; head < shape_.heads; ++head)
      count.mass += std::exp2(double{log_sums.row(row_of(call, measured[i]))[head]} -
                              double{full[i * shape_.heads + head]});
  count.measured += measured.size() * shape_.heads;
}

size_t AttentionLayer::bytes() const {
  size_t bytes = 0;
  for (const auto& [name, copy] : copies_) bytes += copy.cache.bytes();
  for (const auto& index : indices_) bytes += index->bytes();
  return bytes;
}

}  // namespace fathom
