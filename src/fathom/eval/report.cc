#include "fathom/eval/report.h"

#include <cmath>
#include <map>

#include "fathom/eval/html_page.h"
#include "fathom/eval/report_tables.h"
#include "fathom/eval/run_pictures.h"
#include "fathom/eval/value_text.h"

namespace fathom {
namespace {

// RFC 4180: quoted where it must be.
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

std::string csv_line(const std::vector<std::string>& fields) {
  std::string line;
  for (const std::string& field : fields) line += (line.empty() ? "" : ",") + csv_field(field);
  return line + "\n";
}

// As JSON writes it, the shortest that reads back the same; empty: not a number.
std::string csv_number(double value) { return std::isfinite(value) ? Json(value).dump() : ""; }

constexpr const char* kCosts[] = {"seconds",   "read_seconds", "read_tokens", "pairs_scored",
                                  "mass_kept", "kv_bytes",     "kept"};

std::vector<std::string> csv_heads(const Task& task) {
  std::vector<std::string> heads = {"task",     "model", "technique", "attn",   "kv",
                                    "kv_split", "rope",  "length",    "samples"};
  for (const Metric& metric : task.metrics)
    for (const char* end : {"", "_low", "_high"}) heads.push_back(std::string(metric.name) + end);
  for (const char* end : {"", "_low", "_high"}) heads.push_back("against_first" + std::string(end));
  heads.insert(heads.end(), std::begin(kCosts), std::end(kCosts));
  return heads;
}

void add_interval(std::vector<std::string>& fields, const Interval* interval) {
  for (const double Interval::* end : {&Interval::mean, &Interval::low, &Interval::high})
    fields.push_back(interval ? csv_number(interval->*end) : "");
}

std::string title_of(const RunResults& run) {
  std::string lengths;
  for (const size_t length : run.header.lengths)
    lengths += (lengths.empty() ? "" : ", ") + count_text(length);
  return std::string(run.task->name) + ": " + model_text(run.header.model) +
         (lengths.empty() ? "" : " at " + lengths + " tokens");
}

std::string section(const RunResults& run, const std::string& prefix) {
  const std::vector<Row> rows = summarise(*run.task, run.header, run.records);
  std::string out = html_element("p", run.task->summary, "quiet");
  out +=
      html_element("p", rows.empty() ? "Nothing was measured." : finding_of(run, rows), "finding");
  for (const Picture& picture : pictures_of(run, rows))
    out += html_figure(prefix + picture.name, picture.svg);
  if (!rows.empty()) {
    out += html_element("h3", "Results");
    out += results_table(run, rows);
    out += html_element("p",
                        "Means with 95 % confidence intervals. Differences are paired, on the same "
                        "samples; bold where the interval excludes zero.",
                        "quiet");
  }
  out += html_element("h3", "Settings") + settings_table(run);
  return out + answers_table(run);
}

// Before the names of a run's pictures, so that they differ between runs.
std::vector<std::string> prefixes_of(const std::vector<RunResults>& runs) {
  std::vector<std::string> prefixes;
  prefixes.reserve(runs.size());
  for (size_t i = 0; i < runs.size(); ++i)
    prefixes.push_back(runs.size() == 1 ? "" : std::to_string(i + 1) + "-");
  return prefixes;
}

}  // namespace

std::string to_csv(const RunResults& run) {
  std::string out = csv_line(csv_heads(*run.task));
  for (const Row& row : summarise(*run.task, run.header, run.records)) {
    const Technique& technique = run.header.techniques[row.technique];
    std::vector<std::string> fields = {std::string(run.task->name),
                                       run.header.model,
                                       technique.label(),
                                       technique.attn,
                                       technique.kv,
                                       technique.kv_split,
                                       technique.rope,
                                       std::to_string(row.length),
                                       std::to_string(row.samples)};
    for (const Metric& metric : run.task->metrics) {
      const auto found = row.values.find(std::string(metric.name));
      add_interval(fields, found == row.values.end() ? nullptr : &found->second);
    }
    add_interval(fields, row.against_first ? &*row.against_first : nullptr);
    for (const char* cost : kCosts) {
      const auto found = row.costs.find(cost);
      fields.push_back(found == row.costs.end() ? "" : csv_number(found->second));
    }
    out += csv_line(fields);
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> pictures(const std::vector<RunResults>& runs) {
  const std::vector<std::string> prefixes = prefixes_of(runs);
  std::vector<std::pair<std::string, std::string>> out;
  for (size_t i = 0; i < runs.size(); ++i)
    for (Picture& picture :
         pictures_of(runs[i], summarise(*runs[i].task, runs[i].header, runs[i].records)))
      out.emplace_back(prefixes[i] + picture.name, std::move(picture.svg));
  return out;
}

std::string to_html(const std::vector<RunResults>& runs) {
  const std::string title =
      runs.size() == 1 ? title_of(runs.front()) : "What it costs and what it loses";
  const std::vector<std::string> prefixes = prefixes_of(runs);
  std::string body = html_element("h1", title);
  for (size_t i = 0; i < runs.size(); ++i) {
    if (runs.size() > 1) body += html_element("h2", title_of(runs[i]));
    body += section(runs[i], prefixes[i]);
  }
  body += html_element("p", "Made by fathom eval.", "quiet");
  return html_page(title, body);
}

}  // namespace fathom
