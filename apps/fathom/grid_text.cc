#include "grid_text.h"

#include <algorithm>
#include <string_view>

namespace fathom {
namespace {

constexpr int64_t kRowLabels = 4;      // lines from one label to the next
constexpr int64_t kColumnLabels = 16;  // characters

// The column of the queries' numbers, with a space on its right.
int64_t gutter_of(int64_t tokens) {
  return static_cast<int64_t>(std::to_string(tokens - 1).size()) + 1;
}

bool one_cell_a_pair(const PairGrid& grid) { return grid.cell_keys() == 1; }

// A character is twice as high as wide, so it holds two pairs, one over the other.
std::string_view half_blocks(bool upper, bool lower) {
  if (upper) return lower ? "█" : "▀";
  return lower ? "▄" : " ";
}

std::string_view shade(double share) {
  if (share == 0) return " ";
  if (share == 1) return "█";
  return share <= 0.25 ? "░" : share <= 0.5 ? "▒" : "▓";
}

std::string padded_left(const std::string& text, int64_t width) {
  const auto size = static_cast<size_t>(width);
  return std::string(size - std::min(size, text.size()), ' ') + text;
}

std::string line_of_keys(const PairGrid& grid, int64_t gutter) {
  std::string line = std::string(static_cast<size_t>(gutter), ' ');
  for (int64_t column = 0; column < grid.columns(); column += kColumnLabels) {
    const std::string label = std::to_string(column * grid.cell_keys());
    const auto room = static_cast<size_t>(std::min(kColumnLabels, grid.columns() - column));
    if (label.size() <= room) line += label + std::string(room - label.size(), ' ');
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string legend_of(const PairGrid& grid) {
  if (one_cell_a_pair(grid)) return "keys across, queries down; filled: scored\n";
  return "a cell is " + std::to_string(grid.cell_queries()) + " queries by " +
         std::to_string(grid.cell_keys()) +
         " keys: ░ up to 25 % scored, ▒ up to 50 %, ▓ more, █ all\n";
}

}  // namespace

PairGrid grid_for_text(int64_t tokens, bool causal, int64_t columns) {
  const int64_t width = std::max(columns - gutter_of(tokens), int64_t{1});
  const int64_t keys = (tokens + width - 1) / width;
  return {tokens, causal, keys == 1 ? 1 : 2 * keys, keys};
}

std::string to_text(const PairGrid& grid) {
  const int64_t gutter = gutter_of(grid.tokens());
  const bool halves = one_cell_a_pair(grid);
  const int64_t rows_a_line = halves ? 2 : 1;
  std::string text = legend_of(grid) + line_of_keys(grid, gutter);
  for (int64_t row = 0; row < grid.rows(); row += rows_a_line) {
    const bool labelled = row / rows_a_line % kRowLabels == 0;
    std::string line =
        padded_left(labelled ? std::to_string(row * grid.cell_queries()) : "", gutter - 1) + " ";
    for (int64_t column = 0; column < grid.columns(); ++column) {
      const double share = grid.share(row, column).value_or(0);
      const bool below = halves && row + 1 < grid.rows() && grid.share(row + 1, column) == 1;
      line += halves ? half_blocks(share == 1, below) : shade(share);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

}  // namespace fathom
