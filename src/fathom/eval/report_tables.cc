#include "fathom/eval/report_tables.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "fathom/eval/cost_loss.h"
#include "fathom/eval/html_page.h"
#include "fathom/eval/value_text.h"

namespace fathom {
namespace {

constexpr size_t kMostAnswers = 200;

std::string joined(const std::vector<std::string>& parts) {
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ", ") + part;
  return out;
}

// Strings as they are, lists with commas, all else as JSON.
std::string text_of(const Json& value) {
  if (value.is_string()) return as_utf8(value.get<std::string>());
  if (!value.is_array()) return value.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::vector<std::string> parts;
  for (const Json& part : value) parts.push_back(text_of(part));
  return joined(parts);
}

std::string lengths_text(const RunHeader& header) {
  std::vector<std::string> parts;
  parts.reserve(header.lengths.size());
  for (const size_t length : header.lengths) parts.push_back(count_text(length));
  return joined(parts);
}

std::string cost_text(const Row& row, std::string_view name, std::string (*text)(double)) {
  const auto found = row.costs.find(std::string(name));
  return found == row.costs.end() ? "–" : text(found->second);
}

// Of a set whose interval excludes 0: said louder. One pair has no interval that could.
std::string against_first(const Row& row, const Metric& metric) {
  if (!row.against_first) return row.technique == 0 ? "" : "–";
  const Interval& interval = *row.against_first;
  const bool sure = row.samples > 1 && (interval.low > 0 || interval.high < 0);
  const Metric::Shown unit = metric.shown;
  return (sure ? "*" : "") + difference_text(interval.mean, unit) + " [" +
         difference_text(interval.low, unit) + ", " + difference_text(interval.high, unit) + "]";
}

}  // namespace

std::string finding_of(const RunResults& run, const std::vector<Row>& rows) {
  const Task& task = *run.task;
  const Metric& metric = task.metrics.front();
  if (rows.empty() || run.header.techniques.empty()) return "";
  const std::string first = short_label(as_utf8(run.header.techniques.front().label()));
  if (task.passing) {
    const std::optional<size_t> effective = effective_length(task, rows, 0);
    const std::string marketed =
        run.header.trained_context == 0
            ? ""
            : "Marketed " + count_text(run.header.trained_context) + " tokens; ";
    return marketed +
           (effective ? "effective " + count_text(*effective)
                      : "effective at none of the lengths measured") +
           " (" + std::string(metric.label) + " at least " +
           value_text(*task.passing, metric.shown) + ", under " + first + ").";
  }
  const size_t longest = rows.back().length;
  if (const auto chart = cost_against_loss(run, rows, longest, CostKind::work))
    return chart->title + ", at " + count_text(longest) + " tokens.";
  const auto row = std::ranges::find_if(
      rows, [&](const Row& some) { return some.length == longest && some.technique == 0; });
  if (row == rows.end()) return "";
  const auto value = row->values.find(std::string(metric.name));
  if (value == row->values.end()) return "";
  return "Under " + first + " at " + count_text(longest) + " tokens, " + std::string(metric.label) +
         ": " + value_text(value->second.mean, metric.shown) + " " +
         range_text(value->second, metric.shown) + ".";
}

std::string settings_table(const RunResults& run) {
  const RunHeader& header = run.header;
  HtmlTable table{.heads = {"setting", "value"}, .rows = {}};
  const auto add = [&](const std::string& name, const std::string& value) {
    if (!value.empty()) table.rows.push_back({name, value});
  };
  for (size_t at = 0; at < header.command.size();) {
    const size_t end = std::min(header.command.find('\n', at), header.command.size());
    add("command", as_utf8(header.command.substr(at, end - at)));
    at = end + 1;
  }
  add("model", as_utf8(header.model));
  add("SHA-256 of the model", as_utf8(header.model_sha256));
  add("trained for", header.trained_context ? count_text(header.trained_context) + " tokens" : "");
  add("lengths", lengths_text(header));
  add("samples", header.samples ? count_text(header.samples) : "");
  add("depths", header.depths ? count_text(header.depths) : "");
  add("seed", std::to_string(header.seed));
  add("prompts", header.raw ? "plain text" : "the model’s chat template");
  add("precision", as_utf8(header.precision));
  add("instruction set, threads, chunk", as_utf8(header.isa) + ", " +
                                             std::to_string(header.threads) + ", " +
                                             std::to_string(header.chunk));
  for (const Json& file : header.files)
    add("file",
        text_of(file.value("name", Json(""))) + "  " + text_of(file.value("sha256", Json(""))));
  for (const auto& [name, value] : header.flags.items()) add(as_utf8(name), text_of(value));
  for (const Technique& technique : header.techniques)
    add("technique",
        as_utf8("--attn '" + technique.attn + "' --kv '" + technique.kv + "' --kv-split '" +
                technique.kv_split + "' --rope '" + technique.rope + "'"));
  return to_html(table);
}

std::string results_table(const RunResults& run, const std::vector<Row>& rows) {
  const std::vector<Metric> metrics(run.task->metrics.begin(), run.task->metrics.end());
  HtmlTable table{.heads = {"#length", "technique", "#samples"}, .rows = {}};
  for (const Metric& metric : metrics)
    table.heads.push_back("#" + std::string(metric.label) + " [95 %]");
  table.heads.insert(table.heads.begin() + 4, "#against the first [95 %]");
  for (const char* head : {"#seconds", "#pairs scored", "#KV cache", "#kept"})
    table.heads.emplace_back(head);
  for (const Row& row : rows) {
    std::vector<std::string> cells = {
        count_text(row.length), short_label(as_utf8(run.header.techniques[row.technique].label())),
        count_text(row.samples)};
    for (const Metric& metric : metrics) {
      const auto found = row.values.find(std::string(metric.name));
      cells.push_back(found == row.values.end()
                          ? "–"
                          : value_text(found->second.mean, metric.shown) + " " +
                                range_text(found->second, metric.shown));
    }
    cells.insert(cells.begin() + 4, against_first(row, metrics.front()));
    cells.push_back(cost_text(row, "seconds", number_text));
    cells.push_back(cost_text(row, "pairs_scored", share_text));
    cells.push_back(cost_text(row, "kv_bytes", bytes_text));
    cells.push_back(cost_text(row, "kept", share_text));
    table.rows.push_back(std::move(cells));
  }
  return to_html(table);
}

std::string answers_table(const RunResults& run) {
  const Metric& metric = run.task->metrics.front();
  HtmlTable table{
      .heads = {"sample", "technique", "#" + std::string(metric.label), "answer", "right"},
      .rows = {}};
  size_t answers = 0;
  for (const Record& record : run.records) {
    const auto answer = record.measured.details.find("answer");
    if (answer == record.measured.details.end() || ++answers > kMostAnswers) continue;
    const auto value = record.measured.values.find(metric.name);
    const bool is_number = value != record.measured.values.end() && value->is_number();
    const double score =
        is_number ? value->get<double>() : std::numeric_limits<double>::quiet_NaN();
    table.rows.push_back(
        {as_utf8(record.sample),
         record.technique < run.header.techniques.size()
             ? short_label(as_utf8(run.header.techniques[record.technique].label()))
             : "–",
         value_text(score, metric.shown), text_of(*answer),
         text_of(record.measured.details.value("references", Json("")))});
  }
  if (answers == 0) return "";
  const std::string shown = answers > kMostAnswers ? "The first " + count_text(kMostAnswers) +
                                                         " of " + count_text(answers) + " answers"
                                                   : "All " + count_text(answers) + " answers";
  return "<details>" + html_element("summary", shown) + to_html(table) + "</details>\n";
}

}  // namespace fathom
