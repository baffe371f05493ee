// What patterns that choose blocks of keys by content choose: for each block of a call's queries, a
// list of blocks of keys.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fathom/attention/pattern.h"

namespace fathom {

// The numbers of the `count` highest scores, or of all if there are no more, in rising order. Of
// equal scores the later block's counts as higher; what is not a number is never among them.
std::vector<int64_t> best_blocks(std::span<const float> scores, int64_t count);

// The text is cut into blocks of `block` tokens. Queries of block first + i see the keys of the
// blocks in lists[i]; queries of other blocks see none.
class ChosenBlocks final : public Pattern {
 public:
  // Each list rises. `spec`: of the pattern that chose; it names the choice, and cannot repeat it.
  ChosenBlocks(int64_t block, int64_t first, std::vector<std::vector<int64_t>> lists,
               std::string spec);

  bool sees(Position query, Position key) const override;
  Coverage cover(PositionRange queries, PositionRange keys) const override;
  void mask(std::span<const Position> queries, std::span<const Position> keys,
            std::span<uint64_t> rows) const override;
  std::string spec() const override { return spec_; }

 private:
  std::span<const int64_t> list_of(int64_t query_block) const;
  PositionRange block_around(Position position) const;
  uint64_t row_of(int64_t query_block, std::span<const Position> keys) const;

  int64_t block_;
  int64_t first_;
  std::vector<std::vector<int64_t>> lists_;
  std::string spec_;
};

}  // namespace fathom
