#include "fathom/eval/cost_loss.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include "fathom/eval/pareto_front.h"
#include "fathom/eval/value_text.h"
#include "fathom/kv/kv_spec.h"

namespace fathom {
namespace {

// What counts as little lost: of a share or a perplexity a twentieth, of a divergence 0.05 nats.
constexpr double kLittle = 0.05;
// What counts as cheaper than the first technique.
constexpr double kCheaper = 0.95;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

double cost_of(const Row& row, std::string_view name) {
  const auto found = row.costs.find(std::string(name));
  return found == row.costs.end() ? kNone : found->second;
}

double cost_of(const Row& row, CostKind kind) {
  if (kind == CostKind::seconds) return cost_of(row, "seconds");
  return cost_of(row, "pairs_scored") * cost_of(row, "kv_token_bytes");
}

double value_of(const Row& row, const Metric& metric) {
  const auto found = row.values.find(std::string(metric.name));
  return found == row.values.end() ? kNone : found->second.mean;
}

double loss_of(const Metric& metric, double value, double first) {
  const double worse = metric.higher_is_better ? first - value : value - first;
  return metric.shown == Metric::Shown::exponential ? std::expm1(worse) : worse;
}

// Numbers, and whole parameters' values with them, as '#': equal for techniques that differ in them
// alone.
std::string without_numbers(std::string_view label) {
  std::string out;
  for (const char c : label) {
    const bool digit = std::isdigit(static_cast<unsigned char>(c)) != 0;
    const bool in_word = !out.empty() && std::isalpha(static_cast<unsigned char>(out.back())) != 0;
    if (digit && !in_word && !out.ends_with('#')) out += '#';
    if ((digit && !in_word) || (c == '.' && out.ends_with('#'))) continue;
    out += c;
  }
  return out;
}

// "window 529 | every 8": "window | every".
std::string kind_of(std::string_view name) {
  std::string kind;
  size_t at = 0;
  while (at < name.size()) {
    const size_t end = std::min(name.find(' ', at), name.size());
    std::string_view word = name.substr(at, end - at);
    at = end + 1;
    const auto first = static_cast<unsigned char>(word.empty() ? ' ' : word.front());
    if (std::isalpha(first) == 0 && first != '|' && first != '&') continue;
    if (word.ends_with(',')) word.remove_suffix(1);
    kind += (kind.empty() ? "" : " ") + std::string(word);
  }
  return kind;
}

// Of a label with a budget that is a share, by area; the middle for others.
double size_of(std::string_view label) {
  constexpr std::string_view key = "budget=";
  const size_t at = label.find(key);
  double budget = 0;
  if (at == std::string_view::npos) return 0.5;
  const auto end =
      std::from_chars(label.data() + at + key.size(), label.data() + label.size(), budget);
  return end.ec == std::errc() && budget > 0 && budget <= 1 ? std::sqrt(budget) : 0.5;
}

// In fractions; in percent where there would be but one.
ChartAxis cost_axis(const std::string& label, double least, double most) {
  ChartAxis axis = power_axis(label, Ticks::tokens, least, most);
  if (axis.ticks.size() > 1) return axis;
  axis.ticks.clear();
  for (const auto& tick : linear_axis(label, axis.least, axis.most, Metric::Shown::percent).ticks)
    if (tick.value >= axis.least && tick.value <= axis.most) axis.ticks.push_back(tick);
  return axis;
}

ChartAxis loss_axis(const Metric& metric, const std::string& first, std::vector<double> losses) {
  const bool percent = metric.shown != Metric::Shown::number;
  const std::string label =
      std::string(metric.label) + (percent ? ": lost against " : " above that of ") + first;
  std::ranges::sort(losses);
  const auto positive = std::ranges::upper_bound(losses, 0.0);
  const bool spreads = metric.shown != Metric::Shown::percent && positive != losses.end() &&
                       losses.back() / *positive >= 20 && -losses.front() <= *positive;
  if (spreads) {
    ChartAxis axis = power_axis(label, Ticks::decades, *positive, losses.back());
    if (percent)
      for (LogAxis::Tick& tick : axis.ticks) tick.label = share_text(tick.value);
    return axis;
  }
  ChartAxis axis = linear_axis(label, std::min(losses.front(), 0.0), std::max(losses.back(), 0.0),
                               percent ? Metric::Shown::percent : Metric::Shown::number);
  const double room = (axis.most - axis.least) * 0.07;  // for names below and above
  axis.least -= room;
  axis.most += room;
  return axis;
}

std::string at_cost(double cost, CostKind kind) {
  const std::string fraction = fraction_text(cost);
  const std::string_view what = kind == CostKind::work ? "work" : "time";
  return (kind == CostKind::work ? " at " : " in ") + fraction +
         (fraction == "half" ? " the " : " of the ") + std::string(what);
}

// What a technique that loses little is praised for.
std::string praise(const Metric& metric, const std::string& first, double value, double loss) {
  const std::string label(metric.label);
  switch (metric.shown) {
    case Metric::Shown::percent:
      if (metric.higher_is_better)
        return " keeps " + share_text(value / (value + loss)) + " of " + first + "’s score";
      return " adds " + value_text(loss, metric.shown) + " to " + label;
    case Metric::Shown::exponential:
      return " costs " + share_text(std::max(loss, 0.0)) + " of " + label;
    case Metric::Shown::number:
      break;
  }
  // "divergence, nats": the unit stands after the last comma.
  const size_t comma = label.rfind(", ");
  const bool has_unit = comma != std::string::npos && label.find(' ', comma + 2) == label.npos;
  const std::string amount = number_text(std::max(loss, 0.0));
  if (!has_unit) return " stays within " + amount + " of " + first + "’s " + label;
  return " stays within " + amount + " " + label.substr(comma + 2) + " of " + first;
}

bool is_little(const Metric& metric, double first, double loss) {
  const bool is_part = metric.shown == Metric::Shown::percent && metric.higher_is_better;
  return loss <= kLittle * (is_part ? first : 1);
}

// The cheapest technique that loses little, or that there is none.
std::string finding(const Metric& metric, const ScatterChart& chart, double first, CostKind kind) {
  const std::string& reference = chart.points.front().name;
  if (metric.shown == Metric::Shown::percent && metric.higher_is_better && first <= 0)
    return "Under " + reference + " itself the score is 0: nothing can be lost";
  std::vector<Tradeoff> tradeoffs;
  tradeoffs.reserve(chart.points.size());
  for (const ScatterPoint& point : chart.points) tradeoffs.push_back({point.cost, point.loss});
  for (const size_t i : pareto_front(tradeoffs)) {
    const ScatterPoint& point = chart.points[i];
    if (i == 0 || point.cost > kCheaper || !is_little(metric, first, point.loss)) continue;
    const double value = metric.higher_is_better ? first - point.loss : first + point.loss;
    return point.name + praise(metric, reference, value, point.loss) + at_cost(point.cost, kind);
  }
  const bool is_number = metric.shown == Metric::Shown::number;
  return "Nothing cheaper comes within " +
         (is_number ? number_text(kLittle) : share_text(kLittle)) + " of " + reference;
}

ScatterPoint point_of(const RunResults& run, const Row& row, double cost, double loss) {
  const Metric& metric = run.task->metrics.front();
  const std::string label = as_utf8(run.header.techniques[row.technique].label());
  return {.name = short_label(label),
          .note = label + "\n" + std::string(metric.label) + " " +
                  value_text(value_of(row, metric), metric.shown) + "\ncost " + share_text(cost),
          .line = without_numbers(label),
          .kind = kind_of(short_label(label)),
          .family = family_of(run.header.techniques[row.technique]),
          .size = size_of(label),
          .cost = cost,
          .loss = loss};
}

std::vector<ScatterPoint> points_of(const RunResults& run, const std::vector<Row>& rows,
                                    size_t length, CostKind kind) {
  const Metric& metric = run.task->metrics.front();
  const auto first = std::ranges::find_if(
      rows, [&](const Row& row) { return row.length == length && row.technique == 0; });
  if (first == rows.end()) return {};
  std::vector<ScatterPoint> points;
  for (const Row& row : rows) {
    if (row.length != length) continue;
    const double cost = cost_of(row, kind) / cost_of(*first, kind);
    const double loss = loss_of(metric, value_of(row, metric), value_of(*first, metric));
    if (std::isfinite(cost) && cost > 0 && std::isfinite(loss))
      points.push_back(point_of(run, row, cost, loss));
  }
  return points;
}

std::string subtitle_of(const RunResults& run, size_t length, size_t samples) {
  return model_text(run.header.model) + " · " + count_text(length) + " tokens · " +
         std::string(run.task->name) + ", " + count_text(samples) +
         (samples == 1 ? " sample" : " samples") +
         " · filled: on the Pareto front, where nothing is both cheaper and closer";
}

}  // namespace

Family family_of(const Technique& technique) {
  const Result<KvSpec> kv = parse_kv_spec(technique.kv);
  std::vector<Family> changed;
  if (technique.attn != "model") changed.push_back(Family::pattern);
  if (technique.rope != "auto") changed.push_back(Family::position);
  if (kv && (kv->keys || kv->values)) changed.push_back(Family::type);
  if (!kv || kv->policy->spec() != "keep") changed.push_back(Family::policy);
  if (changed.empty()) return Family::own;
  return changed.size() == 1 ? changed.front() : Family::several;
}

std::optional<ScatterChart> cost_against_loss(const RunResults& run, const std::vector<Row>& rows,
                                              size_t length, CostKind kind) {
  const Metric& metric = run.task->metrics.front();
  ScatterChart chart;
  chart.points = points_of(run, rows, length, kind);
  if (chart.points.size() < 2) return std::nullopt;
  const auto [least, most] = std::ranges::minmax(chart.points, {}, &ScatterPoint::cost);
  if (most.cost / least.cost < 1.05) return std::nullopt;
  std::vector<double> losses;
  losses.reserve(chart.points.size());
  for (const ScatterPoint& point : chart.points) losses.push_back(point.loss);
  const std::string& first = chart.points.front().name;
  chart.x = cost_axis((kind == CostKind::work ? "bytes of cache that attention reads, relative to "
                                              : "seconds, relative to ") +
                          first,
                      least.cost, most.cost);
  chart.y = loss_axis(metric, first, losses);
  const auto row = std::ranges::find_if(
      rows, [&](const Row& some) { return some.length == length && some.technique == 0; });
  chart.title = finding(metric, chart, value_of(*row, metric), kind);
  chart.subtitle = subtitle_of(run, length, row->samples);
  return chart;
}

}  // namespace fathom
