#include "pattern_report.h"

#include <cstdio>
#include <utility>

#include <sys/ioctl.h>
#include <unistd.h>

#include "fathom/base/whole_file.h"
#include "grid_svg.h"
#include "grid_text.h"
#include "terminal.h"

namespace fathom {
namespace {

// Of standard output; 80 where it is no terminal.
int64_t terminal_columns() {
  winsize size{};
  const bool known = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

uint64_t pairs_of(int64_t tokens, bool causal) {
  const auto n = static_cast<uint64_t>(tokens);
  return causal ? n * (n + 1) / 2 : n * n;
}

// "[0,3,4]".
std::string list_of(const std::vector<int64_t>& keys) {
  std::string text = "[";
  for (const int64_t key : keys) text += (text.size() == 1 ? "" : ",") + std::to_string(key);
  return text + "]";
}

}  // namespace

PatternReport::PatternReport(PatternReportOptions options)
    : options_(std::move(options)), full_(pairs_of(options_.tokens, options_.causal)) {
  if (!options_.json && !options_.count)
    for_text_ = grid_for_text(options_.tokens, options_.causal, terminal_columns());
  if (!options_.svg.empty()) for_svg_ = grid_for_svg(options_.tokens, options_.causal);
}

Status PatternReport::add(const HeadPlan& plan, const PlanRequest& request) {
  active_ += plan.pairs;
  if (options_.count) return {};
  FATHOM_TRY(const KeyRows rows, planned_grid(plan, request));
  const int64_t first = request.queries.begin.value;
  for (size_t i = 0; i < rows.size(); ++i) {
    const int64_t query = first + static_cast<int64_t>(i);
    if (for_text_) for_text_->add(query, rows[i]);
    if (for_svg_) for_svg_->add(query, rows[i]);
  }
  return options_.json ? print_rows(rows, first) : Status();
}

Status PatternReport::print_rows(const KeyRows& rows, int64_t first) {
  std::string text;
  if (first == 0) text = "{\"tokens\":" + std::to_string(options_.tokens) + ",\"rows\":[";
  for (size_t i = 0; i < rows.size(); ++i)
    text += (first == 0 && i == 0 ? "" : ",") + list_of(rows[i]);
  return print(text);
}

Status PatternReport::finish() {
  if (for_svg_) {
    const std::string svg = to_svg(*for_svg_, options_.title, summary());
    FATHOM_CHECK(write_whole_file(options_.svg, svg));
  }
  return options_.json ? finish_json() : finish_text();
}

// "64 tokens, causal: 540 of 2 080 pairs scored, 26 %".
std::string PatternReport::summary() const {
  char percent[32];
  std::snprintf(percent, sizeof percent, "%.3g %%",
                100 * static_cast<double>(active_) / static_cast<double>(full_));
  return grouped(static_cast<size_t>(options_.tokens)) + " tokens, " +
         (options_.causal ? "causal: " : "bidirectional: ") + grouped(active_) + " of " +
         grouped(full_) + " pairs scored, " + percent;
}

Status PatternReport::finish_json() const {
  nlohmann::ordered_json figures = {
      {"active", active_},
      {"full", full_},
      {"fraction", static_cast<double>(active_) / static_cast<double>(full_)},
      {"spec", options_.spec},
      {"layer", options_.layer},
      {"head", options_.head},
      {"bidirectional", !options_.causal}};
  if (seconds_) figures["plan_seconds"] = *seconds_;
  const std::string text = figures.dump().substr(1);  // the object is already open
  if (!options_.count) return print("]," + text + "\n");
  return print("{\"tokens\":" + std::to_string(options_.tokens) + "," + text + "\n");
}

Status PatternReport::finish_text() const {
  std::string text = options_.title + "\n" + summary() + "\n";
  if (for_text_) text += to_text(*for_text_);
  if (options_.count && seconds_) {
    char line[64];
    std::snprintf(line, sizeof line, "planned in %.3g s\n", *seconds_);
    text += line;
  }
  if (for_svg_) text += "drawn in " + printable(options_.svg) + "\n";
  return print(text);
}

}  // namespace fathom
