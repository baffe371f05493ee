#include "grid_svg.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "fathom/base/svg.h"

namespace fathom {
namespace {

constexpr int64_t kMostCells = 320;  // across
constexpr int64_t kPixels = 640;     // across, at most, where a cell's side is in these bounds:
constexpr int64_t kLeastSide = 2, kMostSide = 20;
constexpr double kLeft = 76, kRight = 28, kBelow = 56;
constexpr double kTitleLine = 22;
constexpr size_t kTitleCharacters = 74;  // in a line

// Shades of a cell: the first where none of its pairs is scored, the last where all are, between
// them parts of equal width.
constexpr int kShades = 9;
constexpr int kAll = kShades - 1;

int shade_of(double share) {
  if (share == 0 || share == 1) return share == 0 ? 0 : kAll;
  return 1 + static_cast<int>(share * (kShades - 2));
}

std::string colour_of(int shade) {
  if (shade == 0) return "#ececec";
  constexpr std::array<int, 3> light = {190, 215, 240}, dark = {16, 62, 122};
  std::array<int, 3> mixed{};
  for (size_t i = 0; i < 3; ++i)
    mixed[i] = light[i] + (dark[i] - light[i]) * (shade - 1) / (kAll - 1);
  char text[8];
  std::snprintf(text, sizeof text, "#%02x%02x%02x", mixed[0] & 0xff, mixed[1] & 0xff,
                mixed[2] & 0xff);
  return text;
}

// The cells of each shade, joined to boxes: along a row, then with equal ones of the rows below.
class Boxes {
 public:
  Boxes(const PairGrid& grid, double left, double top, double side)
      : grid_(grid), left_(left), top_(top), side_(side) {
    for (int64_t row = 0; row < grid.rows(); ++row) add_row(row);
    keep(std::exchange(open_, {}));
  }

  std::span<const SvgBox> of(int shade) const { return boxes_[static_cast<size_t>(shade)]; }

 private:
  using Run = std::tuple<int64_t, int64_t, int>;  // first column, the one after its last, shade
  using Open = std::map<Run, SvgBox>;             // boxes that end with the last row

  std::optional<int> shade_at(int64_t row, int64_t column) const {
    const std::optional<double> share = grid_.share(row, column);
    return share ? std::optional(shade_of(*share)) : std::nullopt;
  }

  void add_row(int64_t row) {
    Open next;
    for (int64_t begin = 0, end = 0; begin < grid_.columns(); begin = end) {
      const std::optional<int> shade = shade_at(row, begin);
      for (end = begin + 1; end < grid_.columns() && shade_at(row, end) == shade;) ++end;
      if (shade) extend({begin, end, *shade}, row, next);
    }
    keep(std::exchange(open_, std::move(next)));
  }

  void extend(const Run& run, int64_t row, Open& next) {
    const auto above = open_.find(run);
    if (above != open_.end()) {
      above->second.height += side_;
      next.insert(open_.extract(above));
      return;
    }
    const auto [begin, end, shade] = run;
    next[run] = {.x = left_ + side_ * static_cast<double>(begin),
                 .y = top_ + side_ * static_cast<double>(row),
                 .width = side_ * static_cast<double>(end - begin),
                 .height = side_};
  }

  void keep(const Open& ended) {
    for (const auto& [run, box] : ended)
      boxes_[static_cast<size_t>(std::get<int>(run))].push_back(box);
  }

  const PairGrid& grid_;
  double left_, top_, side_;
  Open open_;
  std::array<std::vector<SvgBox>, kShades> boxes_;
};

// Broken at spaces.
std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (text.size() > kTitleCharacters) {
    const size_t space = text.rfind(' ', kTitleCharacters);
    if (space == std::string_view::npos || space == 0) break;
    lines.emplace_back(text.substr(0, space));
    text.remove_prefix(space + 1);
  }
  lines.emplace_back(text);
  return lines;
}

// Tokens from one tick to the next: a power of two that makes at most eight of them.
int64_t tick_step(int64_t tokens) {
  int64_t step = 1;
  while (step * 8 < tokens) step *= 2;
  return step;
}

class GridDrawing {
 public:
  GridDrawing(const PairGrid& grid, std::string_view title)
      : grid_(grid),
        title_(lines_of(title)),
        top_(kTitleLine * static_cast<double>(title_.size()) + 88),
        side_(static_cast<double>(std::clamp(kPixels / grid.columns(), kLeastSide, kMostSide))),
        area_(side_ * static_cast<double>(grid.columns())),
        svg_(kLeft + kPixels + kRight, top_ + area_ + kBelow) {}

  std::string draw(std::string_view subtitle) && {
    double y = 14;
    for (const std::string& line : title_)
      svg_.text({16, y += kTitleLine}, line, {.size = 16, .bold = true});
    svg_.text({16, y + 20}, subtitle, {.size = 13});
    const Boxes boxes(grid_, kLeft, top_, side_);
    for (int shade = 0; shade < kShades; ++shade) svg_.boxes(boxes.of(shade), colour_of(shade));
    draw_axes();
    draw_legend();
    return std::move(svg_).finish();
  }

 private:
  void draw_axes() {
    const SvgPoint frame[] = {{kLeft, top_ + area_}, {kLeft, top_}, {kLeft + area_, top_}};
    svg_.line(frame, {.colour = "#888888"});
    const double token = side_ / static_cast<double>(grid_.cell_keys());
    for (int64_t at = 0; at < grid_.tokens(); at += tick_step(grid_.tokens())) {
      const double along = token * static_cast<double>(at);
      const SvgPoint across[] = {{kLeft + along, top_ - 4}, {kLeft + along, top_}};
      const SvgPoint down[] = {{kLeft - 4, top_ + along}, {kLeft, top_ + along}};
      svg_.line(across, {.colour = "#888888"});
      svg_.line(down, {.colour = "#888888"});
      svg_.text({kLeft + along, top_ - 8}, std::to_string(at), {.size = 11});
      svg_.text({kLeft - 8, top_ + along + 10}, std::to_string(at), {.size = 11, .anchor = "end"});
    }
    svg_.text({kLeft + area_ / 2, top_ - 26}, "keys", {.size = 13, .anchor = "middle"});
    svg_.text({20, top_ + area_ / 2}, "queries", {.size = 13, .anchor = "middle", .turned = -90});
  }

  void draw_legend() {
    const double y = top_ + area_ + 20;
    if (grid_.cell_keys() == 1) {
      draw_swatches(kLeft, y, 0, 0, "not scored");
      draw_swatches(kLeft + 110, y, kAll, kAll, "scored");
      return;
    }
    const std::string side = std::to_string(grid_.cell_keys());
    draw_swatches(kLeft, y, 0, kAll,
                  "none to all of a cell's " + side + " × " + side + " pairs scored");
  }

  // The colours of shades first to last, and what they mean.
  void draw_swatches(double x, double y, int first, int last, std::string_view meaning) {
    constexpr double size = 14;
    for (int shade = first; shade <= last; ++shade, x += size) {
      const SvgBox box[] = {{x, y, size, size}};
      svg_.boxes(box, colour_of(shade));
    }
    svg_.text({x + 8, y + 11}, meaning);
  }

  const PairGrid& grid_;
  std::vector<std::string> title_;
  double top_, side_, area_;
  Svg svg_;
};

}  // namespace

PairGrid grid_for_svg(int64_t tokens, bool causal) {
  const int64_t side = (tokens + kMostCells - 1) / kMostCells;
  return {tokens, causal, side, side};
}

std::string to_svg(const PairGrid& grid, std::string_view title, std::string_view subtitle) {
  return GridDrawing(grid, title).draw(subtitle);
}

}  // namespace fathom
