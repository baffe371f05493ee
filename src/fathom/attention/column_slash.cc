#include "fathom/attention/column_slash.h"

#include <cassert>

namespace fathom {

ColumnSlash::ColumnSlash(ConstMatrix<float> masses, std::span<const int64_t> query_blocks)
    : blocks_(masses.cols),
      query_blocks_(query_blocks.begin(), query_blocks.end()),
      left_(masses.rows * masses.cols),
      lines_(2 * masses.cols) {
  assert(query_blocks.size() == masses.rows);
  for (size_t r = 0; r < masses.rows; ++r) {
    for (size_t b = 0; b <= query_blocks_[r]; ++b) {
      const float mass = masses.row(r)[b];
      left_[r * blocks_ + b] = mass;
      column(b).weight += mass;
      slash(query_blocks_[r] - b).weight += mass;
    }
  }
}

// Weights only ever fall, so that a line whose entry in the queue is up to date is the heaviest.
void ColumnSlash::take(double coverage) {
  take_line(0);
  take_line(blocks_);
  if (blocks_ > 1) take_line(blocks_ + 1);
  using Entry = std::pair<double, size_t>;
  std::vector<Entry> entries;
  for (size_t line = 0; line < lines_.size(); ++line)
    if (lines_[line].weight > 0) entries.emplace_back(lines_[line].weight, line);
  std::priority_queue<Entry> queue({}, std::move(entries));
  while (!queue.empty() && covered() < coverage) {
    const auto [weight, line] = queue.top();
    queue.pop();
    if (lines_[line].weight < weight) {
      if (lines_[line].weight > 0) queue.emplace(lines_[line].weight, line);
    } else {
      take_line(line);
    }
  }
}

void ColumnSlash::take_line(size_t line) {
  lines_[line].taken = true;
  for (size_t r = 0; r < query_blocks_.size(); ++r) {
    const size_t own = query_blocks_[r];
    const bool is_column = line < blocks_;
    const size_t at = is_column ? line : line - blocks_;
    if (at > own) continue;
    const size_t block = is_column ? at : own - at;
    float& mass = left_[r * blocks_ + block];
    covered_ += mass;
    column(block).weight -= mass;
    slash(own - block).weight -= mass;
    mass = 0;
  }
}

std::vector<int64_t> ColumnSlash::seen_from(int64_t query_block) const {
  std::vector<int64_t> seen;
  const auto own = static_cast<size_t>(query_block);
  for (size_t b = 0; b <= own; ++b)
    if (lines_[b].taken || lines_[blocks_ + own - b].taken) seen.push_back(static_cast<int64_t>(b));
  return seen;
}

double ColumnSlash::covered() const { return covered_ / static_cast<double>(query_blocks_.size()); }

}  // namespace fathom
