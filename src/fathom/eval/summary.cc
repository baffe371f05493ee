#include "fathom/eval/summary.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace fathom {
namespace {

double number(const Json& values, std::string_view name) {
  const auto found = values.find(name);
  return found != values.end() && found->is_number() ? found->get<double>() : 0.0;
}

std::vector<double> values_of(const std::vector<const Record*>& records, std::string_view metric) {
  std::vector<double> values;
  for (const Record* record : records) {
    const auto found = record->measured.values.find(metric);
    if (found != record->measured.values.end() && found->is_number())
      values.push_back(found->get<double>());
  }
  return values;
}

// Whether a cost is only of what a sample read anew, after what was kept of others.
bool is_of_rest(const Record& record, std::string_view cost) {
  constexpr auto kOfReading =
      std::to_array<std::string_view>({"seconds", "read_seconds", "pairs_scored", "mass_kept"});
  return number(record.measured.costs, "recalled_tokens") > 0 &&
         std::ranges::find(kOfReading, cost) != kOfReading.end();
}

std::map<std::string, double> mean_costs(const std::vector<const Record*>& records) {
  std::map<std::string, double> sums;
  std::map<std::string, size_t> counts;
  for (const Record* record : records) {
    for (const auto& [name, value] : record->measured.costs.items()) {
      if (!value.is_number() || is_of_rest(*record, name)) continue;
      sums[name] += value.get<double>();
      ++counts[name];
    }
  }
  for (auto& [name, sum] : sums) sum /= static_cast<double>(counts[name]);
  return sums;
}

// Of few long samples: from their own standard errors, where the task gives them.
constexpr size_t kFewSamples = 8;
constexpr double kNormal95 = 1.959963984540054;

Interval interval_of(const std::vector<const Record*>& records, std::string_view metric) {
  Interval interval = mean_of(values_of(records, metric));
  const std::vector<double> errors = values_of(records, std::string(metric) + "_error");
  if (errors.size() != records.size() || errors.size() >= kFewSamples) return interval;
  double squares = 0;
  for (const double error : errors) squares += error * error;
  const double half = kNormal95 * std::sqrt(squares) / static_cast<double>(errors.size());
  return {.mean = interval.mean, .low = interval.mean - half, .high = interval.mean + half};
}

// On the samples that both have.
std::optional<Interval> difference(const std::vector<const Record*>& some,
                                   const std::vector<const Record*>& first,
                                   std::string_view metric) {
  std::map<std::string_view, double> of_first;
  for (const Record* record : first)
    of_first[record->sample] = number(record->measured.values, metric);
  std::vector<double> a, b;
  for (const Record* record : some) {
    const auto found = of_first.find(record->sample);
    if (found == of_first.end()) continue;
    a.push_back(number(record->measured.values, metric));
    b.push_back(found->second);
  }
  if (a.empty()) return std::nullopt;
  return difference_of(a, b);
}

double passing_of(double usual, const std::vector<Record>& records, const std::string& fact,
                  const Json& value) {
  for (const Record& record : records)
    if (record.facts.contains(fact) && record.facts[fact] == value)
      return record.measured.values.value("passing", usual);
  return usual;
}

}  // namespace

std::vector<Row> summarise(const Task& task, const RunHeader& header,
                           const std::vector<Record>& records) {
  // By length, then by technique.
  std::map<std::pair<size_t, size_t>, std::vector<const Record*>> groups;
  for (const Record& record : records)
    if (record.technique < header.techniques.size())
      groups[{record.length, record.technique}].push_back(&record);
  const std::string_view main = task.metrics.front().name;
  std::vector<Row> rows;
  for (const auto& [key, group] : groups) {
    Row row;
    row.technique = key.second;
    row.length = key.first;
    row.samples = group.size();
    for (const Metric& metric : task.metrics)
      if (!values_of(group, metric.name).empty())
        row.values[std::string(metric.name)] = interval_of(group, metric.name);
    const auto first = groups.find({key.first, 0});
    if (key.second != 0 && first != groups.end())
      row.against_first = difference(group, first->second, main);
    row.costs = mean_costs(group);
    rows.push_back(std::move(row));
  }
  return rows;
}

std::vector<Cell> by_fact(const Task& task, const std::vector<Record>& records,
                          const std::string& fact) {
  struct Group {
    Json value;
    std::vector<const Record*> records;
  };
  std::vector<std::pair<std::pair<size_t, size_t>, Group>> groups;
  for (const Record& record : records) {
    const auto value = record.facts.find(fact);
    if (value == record.facts.end()) continue;
    const std::pair key = {record.length, record.technique};
    auto found = std::ranges::find_if(groups, [&](const auto& group) {
      return group.first == key && group.second.value == *value;
    });
    if (found == groups.end()) {
      groups.push_back({key, {.value = *value, .records = {}}});
      found = groups.end() - 1;
    }
    found->second.records.push_back(&record);
  }
  std::vector<Cell> cells;
  for (const auto& [key, group] : groups) {
    const std::vector<double> values = values_of(group.records, task.metrics.front().name);
    cells.push_back({.technique = key.second,
                     .length = key.first,
                     .value = group.value,
                     .mean = mean_of(values),
                     .samples = values.size()});
  }
  return cells;
}

std::optional<size_t> effective_length(const Task& task, const std::vector<Row>& rows,
                                       size_t technique) {
  std::optional<size_t> longest;
  for (const Row& row : rows) {
    const auto found = row.values.find(std::string(task.metrics.front().name));
    if (row.technique == technique && task.passing && found != row.values.end() &&
        found->second.mean >= *task.passing)
      longest = std::max(longest.value_or(0), row.length);
  }
  return longest;
}

std::vector<EffectiveLength> effective_lengths(const Task& task, const std::vector<Record>& records,
                                               const std::string& fact) {
  if (!task.passing) return {};
  std::vector<EffectiveLength> found;
  for (const Cell& cell : by_fact(task, records, fact)) {
    auto entry = std::ranges::find_if(found, [&cell](const EffectiveLength& other) {
      return other.technique == cell.technique && other.value == cell.value;
    });
    if (entry == found.end()) {
      found.push_back({.technique = cell.technique,
                       .value = cell.value,
                       .passing = passing_of(*task.passing, records, fact, cell.value),
                       .length = std::nullopt});
      entry = found.end() - 1;
    }
    if (cell.mean.mean >= entry->passing)
      entry->length = std::max(entry->length.value_or(0), cell.length);
  }
  return found;
}

}  // namespace fathom
