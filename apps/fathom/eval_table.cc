#include "eval_table.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "terminal.h"

namespace fathom {
namespace {

std::string shown(const Metric& metric, double value) {
  char text[32];
  switch (metric.shown) {
    case Metric::Shown::percent:
      std::snprintf(text, sizeof text, "%.1f %%", 100 * value);
      break;
    case Metric::Shown::number:
      // Rounding may leave a divergence below 0 by less than is shown.
      std::snprintf(text, sizeof text, std::abs(value) < 1 ? "%.4f" : "%.3f",
                    std::abs(value) < 5e-5 ? 0.0 : value);
      break;
    case Metric::Shown::exponential:
      std::snprintf(text, sizeof text, "%.3f", std::exp(value));
      break;
  }
  return text;
}

std::string shown(const Metric& metric, const Interval& interval) {
  const std::string low = shown(metric, interval.low);
  const std::string high = shown(metric, interval.high);
  return shown(metric, interval.mean) + (low == high ? "" : " (" + low + " to " + high + ")");
}

std::string cost(const Row& row, const std::string& name, std::string (*text)(double)) {
  const auto found = row.costs.find(name);
  return found == row.costs.end() ? "-" : text(found->second);
}

std::string as_share(double share) { return shown({.name = "", .label = ""}, share); }
std::string as_bytes(double bytes) { return human_bytes(static_cast<size_t>(bytes)); }

// Columns as wide as their widest cell.
std::string aligned(const std::vector<std::vector<std::string>>& lines) {
  std::vector<size_t> widths(lines.front().size());
  for (const auto& line : lines)
    for (size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  std::string text;
  for (const auto& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) {
      text += line[i];
      if (i + 1 < line.size()) text.append(widths[i] - line[i].size() + 2, ' ');
    }
    text += "\n";
  }
  return text;
}

nlohmann::ordered_json to_json(const Task& task, const RunHeader& header, const Row& row) {
  const Technique& technique = header.techniques[row.technique];
  nlohmann::ordered_json json = {
      {"technique", technique.label()}, {"attn", technique.attn}, {"kv", technique.kv},
      {"kv_split", technique.kv_split}, {"rope", technique.rope}, {"length", row.length},
      {"samples", row.samples}};
  for (const Metric& metric : task.metrics) {
    const auto found = row.values.find(std::string(metric.name));
    if (found == row.values.end()) continue;
    const Interval& value = found->second;
    if (metric.shown == Metric::Shown::exponential) json[metric.label] = std::exp(value.mean);
    json[metric.name] = value.mean;
    json[std::string(metric.name) + "_95"] = {value.low, value.high};
  }
  if (row.against_first)
    json["against_first"] = {{"mean", row.against_first->mean},
                             {"95", {row.against_first->low, row.against_first->high}}};
  for (const auto& [name, value] : row.costs) json[name] = value;
  return json;
}

std::string text_of(const std::optional<size_t>& length) {
  return length ? grouped(*length) : "none of those measured";
}

// Up to which length each technique, and each part of a task that has some, passes.
std::string passing_lines(const Task& task, const RunHeader& header, const std::vector<Row>& rows,
                          const std::vector<Record>& records) {
  if (!task.passing) return {};
  std::vector<std::vector<std::string>> lines = {
      {"technique", "part", "passes with", "greatest length that passes"}};
  const auto add = [&](size_t technique, std::string part, double passing,
                       const std::optional<size_t>& length) {
    lines.push_back({header.techniques[technique].label(), std::move(part),
                     human_number(100 * passing) + " %", text_of(length)});
  };
  for (size_t t = 0; t < header.techniques.size(); ++t) {
    add(t, "all", *task.passing, effective_length(task, rows, t));
    for (const EffectiveLength& part : effective_lengths(task, records, "part"))
      if (part.technique == t) add(t, part.value.get<std::string>(), part.passing, part.length);
  }
  return "\nThe model's metadata claims " + grouped(header.trained_context) + " tokens.\n" +
         aligned(lines);
}

}  // namespace

std::string to_table(const Task& task, const RunHeader& header, const std::vector<Row>& rows,
                     const std::vector<Record>& records) {
  std::vector<std::vector<std::string>> lines = {{"tokens", "samples", "technique"}};
  for (const Metric& metric : task.metrics) lines[0].emplace_back(metric.label);
  for (const char* name : {"pairs", "kept", "cache", "seconds"}) lines[0].emplace_back(name);
  for (const Row& row : rows) {
    std::vector<std::string> line = {grouped(row.length), std::to_string(row.samples),
                                     header.techniques[row.technique].label()};
    for (const Metric& metric : task.metrics) {
      const auto found = row.values.find(std::string(metric.name));
      line.push_back(found == row.values.end() ? "-" : shown(metric, found->second));
    }
    line.push_back(cost(row, "pairs_scored", as_share));
    line.push_back(cost(row, "kept", as_share));
    line.push_back(cost(row, "kv_bytes", as_bytes));
    line.push_back(cost(row, "seconds", human_number));
    lines.push_back(std::move(line));
  }
  std::string text = aligned(lines);
  return text + passing_lines(task, header, rows, records);
}

nlohmann::ordered_json to_json(const Task& task, const RunHeader& header,
                               const std::vector<Row>& rows, const std::vector<Record>& records) {
  nlohmann::ordered_json json = to_json(header);
  nlohmann::ordered_json results = nlohmann::ordered_json::array();
  for (const Row& row : rows) results.push_back(to_json(task, header, row));
  json["results"] = std::move(results);
  if (!task.passing) return json;
  nlohmann::ordered_json effective = nlohmann::ordered_json::array();
  for (size_t t = 0; t < header.techniques.size(); ++t) {
    const auto longest = effective_length(task, rows, t);
    effective.push_back({{"technique", header.techniques[t].label()},
                         {"effective_length", longest ? nlohmann::ordered_json(*longest)
                                                      : nlohmann::ordered_json(nullptr)}});
    for (const EffectiveLength& part : effective_lengths(task, records, "part"))
      if (part.technique == t)
        effective.push_back({{"technique", header.techniques[t].label()},
                             {"part", part.value},
                             {"passing", part.passing},
                             {"effective_length", part.length ? nlohmann::ordered_json(*part.length)
                                                              : nlohmann::ordered_json(nullptr)}});
  }
  json["effective"] = std::move(effective);
  return json;
}

}  // namespace fathom
