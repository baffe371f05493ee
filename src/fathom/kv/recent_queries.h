// The last queries of one layer, and what they make of the tokens that its cache still holds.
//
// Queries are kept in f32 as attention had them, in rows by position, so memory is bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fathom/base/matrix.h"
#include "fathom/base/position.h"
#include "fathom/base/result.h"
#include "fathom/kernels/attend.h"
#include "fathom/kv/statistics_bytes.h"

namespace fathom {

class RecentQueries {
 public:
  // Keeps the last `count` >= 1.
  RecentQueries(size_t count, size_t heads, size_t head_dim);

  // Queries [n, heads * head_dim] at `first` and after; forgets those of later positions.
  void append(ConstMatrix<float> queries, Position first);
  void clear();

  // Them as bytes (statistics_bytes.h), and back. Error: they are not such queries of a text of
  // `tokens`; then nothing changed.
  void save(std::string& bytes) const;
  Status restore(StatisticsReader& reader, size_t tokens);

  // sums[h][slot]: the softmax weights that a token of KV head h gets from the queries here, each
  // over the tokens at its position and before; [slots] each.
  void sum_weights(const Compute& compute, float scale, std::span<const KvHeadView> kv_heads,
                   std::span<const std::span<const Position>> positions, Operand operand,
                   std::span<std::vector<float>> sums) const;

  // [rows, blocks * kBlock] into `scores`: scale * query . key of one KV head's queries, a query's
  // heads side by side, for every key, and how many rows these are. On the caller's thread alone.
  size_t score_keys(const Compute& compute, float scale, const KvHeadView& keys, size_t blocks,
                    size_t kv_head, size_t group, Operand operand,
                    std::vector<float>& scores) const;

  size_t bytes() const;

 private:
  static constexpr Position kNone{-1};

  size_t row_of(Position position) const {
    return static_cast<size_t>(position.value) % positions_.size();
  }

  size_t heads_, head_dim_;
  std::vector<Position> positions_;  // by row; kNone: the row is empty
  std::vector<float> rows_;          // [count, heads * head_dim]: position p in row p % count
};

}  // namespace fathom
