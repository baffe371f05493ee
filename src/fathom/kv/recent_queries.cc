#include "fathom/kv/recent_queries.h"

#include <algorithm>
#include <cassert>
#include <functional>

#include "fathom/base/buffer.h"
#include "fathom/kernels/block_plan.h"
#include "fathom/kernels/key_scores.h"
#include "fathom/kernels/key_sums.h"

namespace fathom {
namespace {

// Each query sees the keys at its position and before.
BlockPlan plan_causal(std::span<const Position> queries, std::span<const Position> keys) {
  BlockPlan plan;
  plan.queries = queries.size();
  for (size_t first = 0; first < queries.size(); first += kBlock) {
    std::vector<size_t> visible;
    for (size_t q = first; q < std::min(queries.size(), first + kBlock); ++q)
      visible.push_back(
          static_cast<size_t>(std::ranges::upper_bound(keys, queries[q]) - keys.begin()));
    const size_t full = std::ranges::min(visible) / kBlock;
    if (full > 0) plan.runs.push_back({.first = 0, .count = static_cast<uint32_t>(full)});
    for (size_t block = full; block * kBlock < std::ranges::max(visible); ++block) {
      BlockMask mask;
      for (size_t i = 0; i < visible.size(); ++i) {
        const size_t seen = visible[i] - std::min(visible[i], block * kBlock);
        mask.rows[i] = seen >= kBlock ? ~uint64_t{0} : (uint64_t{1} << seen) - 1;
      }
      plan.runs.push_back({.first = static_cast<uint32_t>(block),
                           .count = 1,
                           .mask = static_cast<uint32_t>(plan.masks.size())});
      plan.masks.push_back(mask);
    }
    plan.run_begin.push_back(static_cast<uint32_t>(plan.runs.size()));
  }
  return plan;
}

}  // namespace

RecentQueries::RecentQueries(size_t count, size_t heads, size_t head_dim)
    : heads_(heads),
      head_dim_(head_dim),
      positions_(count, kNone),
      rows_(count * heads * head_dim) {
  assert(count > 0);
}

void RecentQueries::append(ConstMatrix<float> queries, Position first) {
  for (Position& position : positions_)
    if (position >= first) position = kNone;
  const size_t count = positions_.size();
  for (size_t i = queries.rows - std::min(queries.rows, count); i < queries.rows; ++i) {
    const Position position{first.value + static_cast<int64_t>(i)};
    const size_t row = row_of(position);
    positions_[row] = position;
    std::copy_n(queries.row(i), queries.cols, rows_.data() + row * queries.cols);
  }
}

void RecentQueries::clear() { std::ranges::fill(positions_, kNone); }

void RecentQueries::save(std::string& bytes) const {
  std::vector<int64_t> positions;
  for (const Position position : positions_)
    if (position != kNone) positions.push_back(position.value);
  std::ranges::sort(positions);
  const size_t cols = heads_ * head_dim_;
  std::vector<float> rows;
  rows.reserve(positions.size() * cols);
  for (const int64_t position : positions) {
    const float* const row = rows_.data() + row_of({position}) * cols;
    rows.insert(rows.end(), row, row + cols);
  }
  put_numbers(bytes, std::span<const int64_t>(positions));
  put_numbers(bytes, std::span<const float>(rows));
}

Status RecentQueries::restore(StatisticsReader& reader, size_t tokens) {
  FATHOM_TRY(const std::vector<int64_t> positions, reader.numbers<int64_t>());
  FATHOM_TRY(const std::vector<float> rows, reader.numbers<float>());
  const auto end = static_cast<int64_t>(tokens);
  const int64_t begin = std::max<int64_t>(0, end - std::ssize(positions_));
  const bool last =
      std::ranges::all_of(positions, [&](int64_t p) { return begin <= p && p < end; });
  const bool ascend =
      std::ranges::adjacent_find(positions, std::greater_equal<>()) == positions.end();
  const size_t cols = heads_ * head_dim_;
  if (!last || !ascend || rows.size() != positions.size() * cols)
    return Error{"the policy's statistics are not of the text's last queries"};
  clear();
  for (size_t i = 0; i < positions.size(); ++i) {
    const size_t row = row_of({positions[i]});
    positions_[row] = {positions[i]};
    std::copy_n(rows.data() + i * cols, cols, rows_.data() + row * cols);
  }
  return {};
}

void RecentQueries::sum_weights(const Compute& compute, float scale,
                                std::span<const KvHeadView> kv_heads,
                                std::span<const std::span<const Position>> positions,
                                Operand operand, std::span<std::vector<float>> sums) const {
  const size_t group = heads_ / kv_heads.size();
  std::vector<BlockPlan> plans;
  plans.reserve(kv_heads.size());
  std::vector<AttendPart> parts;
  std::vector<float*> to;
  for (size_t h = 0; h < kv_heads.size(); ++h) {
    plans.push_back(plan_causal(positions_, positions[h]));
    parts.push_back({.head = h * group,
                     .heads = group,
                     .plan = &plans.back(),
                     .keys = kv_heads[h],
                     .operand = operand});
    sums[h].assign((positions[h].size() + kBlock - 1) / kBlock * kBlock, 0.0f);
    to.push_back(sums[h].data());
  }
  static thread_local Buffer<float> out, log_sums;
  out.ensure(rows_.size());
  log_sums.ensure(positions_.size() * heads_);
  const AttendArgs args{.queries = {rows_.data(), positions_.size(), heads_ * head_dim_},
                        .out = {out.data(), positions_.size(), heads_ * head_dim_},
                        .head_dim = head_dim_,
                        .scale = scale,
                        .parts = parts,
                        .log_sums = {log_sums.data(), positions_.size(), heads_}};
  attend(compute, args);
  key_sums(compute, args, to);
  for (size_t h = 0; h < kv_heads.size(); ++h) sums[h].resize(positions[h].size());
}

size_t RecentQueries::score_keys(const Compute& compute, float scale, const KvHeadView& keys,
                                 size_t blocks, size_t kv_head, size_t group, Operand operand,
                                 std::vector<float>& scores) const {
  std::vector<float> queries;
  for (size_t row = 0; row < positions_.size(); ++row) {
    if (positions_[row] == kNone) continue;
    const float* const first = rows_.data() + (row * heads_ + kv_head * group) * head_dim_;
    queries.insert(queries.end(), first, first + group * head_dim_);
  }
  const size_t rows = queries.size() / head_dim_;
  scores.resize(rows * blocks * kBlock);
  key_scores(compute.isa,
             {.queries = {queries.data(), rows, head_dim_},
              .scale = scale,
              .key_blocks = keys.key_blocks,
              .blocks = blocks,
              .operand = operand,
              .coded = keys.coded,
              .key_type = keys.key_type},
             {scores.data(), rows, blocks * kBlock});
  return rows;
}

size_t RecentQueries::bytes() const {
  return rows_.capacity() * sizeof(float) + positions_.capacity() * sizeof(Position);
}

}  // namespace fathom
