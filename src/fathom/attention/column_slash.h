// The columns and slashes of attention's blocks that carry most of its weight, found from a few
// queries of a segment.
//
// A column is a block of keys; a slash is a distance of a query's block from a key's. Lines are
// taken greedily by the weight that is not yet covered, so that what a column and a slash share
// counts once.
#pragma once

#include <cstdint>
#include <queue>
#include <span>
#include <utility>
#include <vector>

#include "fathom/base/matrix.h"

namespace fathom {

class ColumnSlash {
 public:
  // masses [rows, blocks]: the share of each sampled query's weight that lies in each block of keys
  // (kernels/key_scores.h); query_blocks[r]: the block it stands in, < blocks.
  ColumnSlash(ConstMatrix<float> masses, std::span<const int64_t> query_blocks);

  // Takes the first column, the slashes 0 and 1, and then the fewest lines that greed finds until
  // the queries have `coverage` of their weight on average.
  void take(double coverage);

  // The blocks of keys on lines taken that a block of queries sees, in rising order.
  std::vector<int64_t> seen_from(int64_t query_block) const;
  // The share of their weight that the queries keep, on average.
  double covered() const;

 private:
  struct Line {
    double weight = 0;  // not yet covered
    bool taken = false;
  };
  // Lines [0, blocks) are columns, [blocks, 2 * blocks) slashes.
  void take_line(size_t line);
  Line& column(size_t block) { return lines_[block]; }
  Line& slash(size_t distance) { return lines_[blocks_ + distance]; }

  size_t blocks_;
  std::vector<size_t> query_blocks_;
  std::vector<float> left_;  // [rows, blocks]: masses not yet covered
  std::vector<Line> lines_;
  double covered_ = 0;  // summed over rows
};

}  // namespace fathom
