// Runs with made-up records for the tests of reports, always the same ones.
#pragma once

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "fathom/eval/report.h"

namespace fathom {

inline constexpr Metric kFound[] = {{.name = "found", .label = "answers found"},
                                    {.name = "exact", .label = "exact"}};
inline constexpr Metric kDivergence[] = {{.name = "divergence",
                                          .label = "divergence, nats",
                                          .higher_is_better = false,
                                          .shown = Metric::Shown::number}};
inline constexpr Metric kPerplexity[] = {{.name = "loss",
                                          .label = "perplexity",
                                          .higher_is_better = false,
                                          .shown = Metric::Shown::exponential}};
inline constexpr View kViews[] = {
    {.kind = View::Kind::heat, .of = "depth", .label = "depth of the needle"},
    {.kind = View::Kind::line, .of = "depth", .label = "depth of the needle"},
    {.kind = View::Kind::table, .of = "kind", .label = "kind"},
    {.kind = View::Kind::curve,
     .of = "curve",
     .label = "divergence by position, nats",
     .shown = Metric::Shown::number}};

inline Task test_task(std::span<const Metric> metrics) {
  Task task;
  task.name = "pretend";
  task.summary = "made-up figures";
  task.metrics = metrics;
  task.views = kViews;
  return task;
}

inline Technique test_technique(const std::string& attn, const std::string& kv) {
  Technique technique;
  technique.attn = attn;
  technique.kv = kv;
  return technique;
}

// Thirty techniques of all families, the model's own first.
inline std::vector<Technique> test_techniques() {
  std::vector<Technique> techniques = {test_technique("model", "keep")};
  for (const char* policy : {"snapkv", "h2o", "tova", "knorm", "expected"})
    for (const char* budget : {"0.0625", "0.125", "0.25"})
      techniques.push_back(
          test_technique("model", std::string(policy) + "(budget=" + budget + ")"));
  for (const char* pattern : {"window", "strided", "topk_blocks"})
    for (const char* size : {"512", "1024", "2048"})
      techniques.push_back(
          test_technique(std::string(pattern) + "(size=" + size + ") | sinks(count=4)", "keep"));
  techniques.push_back(test_technique("model", "q8"));
  techniques.push_back(test_technique("model", "q4"));
  techniques.push_back(test_technique("window(size=1024)", "q4; snapkv(budget=0.125)"));
  techniques.push_back(test_technique("model", "streaming(sinks=4, recent=1020)"));
  techniques.push_back(techniques.front());
  techniques.back().rope = "yarn(factor=4)";
  return techniques;
}

inline Record test_record(const Task& task, size_t technique, size_t length, size_t sample,
                          double cost, double quality) {
  Record record;
  record.technique = technique;
  record.length = length;
  record.sample = std::to_string(length) + "/" + std::to_string(sample);
  record.facts = {{"depth", static_cast<double>(sample) / 9},
                  {"kind", sample % 2 ? "odd" : "even"}};
  for (const Metric& metric : task.metrics) {
    const double value = metric.shown == Metric::Shown::percent       ? (quality > 0.5 ? 1 : 0)
                         : metric.shown == Metric::Shown::exponential ? 2.5 + 1 - quality
                                                                      : 1 - quality;
    record.measured.values[std::string(metric.name)] = value;
  }
  record.measured.curves["curve"] = Json::array();
  for (size_t i = 0; i < 8; ++i)
    record.measured.curves["curve"].push_back(
        {length * i / 8, (1 - quality) * (1 + static_cast<double>(i))});
  record.measured.details = {{"answer", "an answer"}, {"references", {"one", "two"}}};
  record.measured.costs = {{"seconds", 4 * cost}, {"pairs_scored", cost},
                           {"kv_bytes", 1 << 24}, {"kv_token_bytes", 1 << 12},
                           {"kept", 1.0},         {"mass_kept", nullptr}};
  return record;
}

// Every technique on `samples` samples of each length.
inline RunResults test_run(const Task& task, const std::vector<Technique>& techniques,
                           const std::vector<size_t>& lengths, size_t samples) {
  RunResults run;
  run.task = &task;
  run.header.task = task.name;
  run.header.model = "smollm2-135m";
  run.header.trained_context = 8192;
  run.header.lengths = lengths;
  run.header.samples = samples;
  run.header.techniques = techniques;
  std::mt19937 random(7);  // its numbers are the same everywhere
  const auto share = [&] { return static_cast<double>(random() % 1000) / 1000; };
  for (const size_t length : lengths) {
    for (size_t technique = 0; technique < techniques.size(); ++technique) {
      const double cost = technique == 0 ? 1 : 0.06 + 0.9 * share() * share();
      const double lost = technique == 0 ? 0 : 0.02 * share() / cost;
      for (size_t sample = 0; sample < samples; ++sample)
        run.records.push_back(test_record(
            task, technique, length, sample, cost,
            technique == 0 ? 1 : 1 - lost * (0.5 + share()) - (share() < lost ? 0.5 : 0)));
    }
  }
  return run;
}

}  // namespace fathom
