#include "pair_grid.h"

#include <algorithm>

namespace fathom {
namespace {

int64_t parts_of(int64_t whole, int64_t part) { return (whole + part - 1) / part; }

}  // namespace

PairGrid::PairGrid(int64_t tokens, bool causal, int64_t cell_queries, int64_t cell_keys)
    : tokens_(tokens),
      causal_(causal),
      cell_queries_(cell_queries),
      cell_keys_(cell_keys),
      rows_(parts_of(tokens, cell_queries)),
      columns_(parts_of(tokens, cell_keys)),
      scored_(static_cast<size_t>(rows_ * columns_)) {}

void PairGrid::add(int64_t query, std::span<const int64_t> keys) {
  int64_t* const row = scored_.data() + query / cell_queries_ * columns_;
  for (const int64_t key : keys) ++row[key / cell_keys_];
}

std::optional<double> PairGrid::share(int64_t row, int64_t column) const {
  const int64_t first_key = column * cell_keys_;
  const int64_t end_key = std::min(first_key + cell_keys_, tokens_);
  const int64_t end_query = std::min((row + 1) * cell_queries_, tokens_);
  int64_t pairs = 0;
  for (int64_t query = row * cell_queries_; query < end_query; ++query) {
    const int64_t end = causal_ ? std::min(end_key, query + 1) : end_key;
    pairs += std::max(end - first_key, int64_t{0});
  }
  if (pairs == 0) return std::nullopt;
  const int64_t scored = scored_[static_cast<size_t>(row * columns_ + column)];
  return static_cast<double>(scored) / static_cast<double>(pairs);
}

}  // namespace fathom
