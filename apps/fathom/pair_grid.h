// The pairs of a text's queries and keys in cells, and the share of each cell's pairs that is
// scored: what a drawing of a pattern shows, however long the text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace fathom {

class PairGrid {
 public:
  // A cell is `cell_queries` x `cell_keys` pairs; those at the ends may be cut. `causal`: there are
  // no pairs of a query and a key after it.
  PairGrid(int64_t tokens, bool causal, int64_t cell_queries, int64_t cell_keys);

  // The keys that the query scores, each once.
  void add(int64_t query, std::span<const int64_t> keys);

  int64_t tokens() const { return tokens_; }
  bool causal() const { return causal_; }
  int64_t cell_queries() const { return cell_queries_; }
  int64_t cell_keys() const { return cell_keys_; }
  int64_t rows() const { return rows_; }
  int64_t columns() const { return columns_; }

  // From 0 to 1. None: the cell has no pairs.
  std::optional<double> share(int64_t row, int64_t column) const;

 private:
  int64_t tokens_;
  bool causal_;
  int64_t cell_queries_, cell_keys_;
  int64_t rows_, columns_;
  std::vector<int64_t> scored_;  // [rows, columns]
};

}  // namespace fathom
