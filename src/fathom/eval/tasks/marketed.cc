// Marketed against effective: the length that a model's metadata claims, and the length up to which
// it does what it is asked (after Hsieh et al. 2024, arXiv:2404.06654, section 4).
//
// The samples of other tasks, few of each; every task has its own mean from which a length counts.
#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <vector>

#include "fathom/eval/task.h"

namespace fathom::tasks {
namespace {

constexpr std::array<std::string_view, 4> kParts = {"needle", "ruler", "middle", "recall"};
constexpr size_t kMostDepths = 5;
// Of a part that has no rule of its own: NoLiMa's share of what is asked (arXiv:2502.05167).
constexpr double kUsualPassing = 0.85;

constexpr std::array<Metric, 1> kMetrics = {{{.name = "score", .label = "answers right"}}};
constexpr std::array<View, 1> kViews = {{
    {.kind = View::Kind::table, .of = "part", .label = "by task"},
}};

class MarketedRun final : public TaskRun {
 public:
  static Result<std::unique_ptr<TaskRun>> open(const TaskInput& input) {
    auto run = std::make_unique<MarketedRun>();
    for (const Task* task : tasks::all())
      if (std::ranges::find(kParts, task->name) != kParts.end())
        FATHOM_CHECK(run->add(*task, input));
    std::ranges::stable_sort(run->samples_, {}, &Sample::length);
    return std::unique_ptr<TaskRun>(std::move(run));
  }

  const std::vector<Sample>& samples() const override { return samples_; }
  bool shares_beginnings() const override { return true; }

  Result<Measurement> measure(const Sample& sample, Subject& subject) override {
    const Origin& origin = origins_.at(sample.id);
    FATHOM_TRY(Measurement measured, origin.run->measure(origin.sample, subject));
    measured.values = {{"score", measured.values.at(origin.task->metrics.front().name)},
                       {"passing", origin.task->passing.value_or(kUsualPassing)}};
    return measured;
  }

  Result<Json> prompt(const Sample& sample) override {
    const Origin& origin = origins_.at(sample.id);
    return origin.run->prompt(origin.sample);
  }

 private:
  struct Origin {
    const Task* task;
    TaskRun* run;
    Sample sample;
  };

  Status add(const Task& task, const TaskInput& given) {
    TaskInput input = given;
    input.depths = std::min(input.depths, kMostDepths);
    input.flags.clear();
    FATHOM_TRY(std::unique_ptr<TaskRun> run, task.open(input));
    for (const Sample& sample : run->samples()) {
      Sample ours = sample;
      ours.id = std::string(task.name) + ":" + sample.id;
      ours.facts["part"] = task.name;
      origins_.emplace(ours.id, Origin{&task, run.get(), sample});
      samples_.push_back(std::move(ours));
    }
    runs_.push_back(std::move(run));
    return {};
  }

  std::vector<std::unique_ptr<TaskRun>> runs_;
  std::vector<Sample> samples_;
  std::map<std::string, Origin> origins_;
};

}  // namespace

extern const Task marketed;
const Task marketed = {
    .name = "marketed",
    .summary = "the length a model claims, and the length up to which each task still passes",
    .source = "Hsieh et al. 2024, arXiv:2404.06654",
    .example = "--lengths 1k,2k,4k,8k --out marketed",
    .text = TextUse::taken,
    .flags = {},
    .metrics = kMetrics,
    .views = kViews,
    .passing = kUsualPassing,
    .usual_lengths = "1k,2k,4k,8k,16k,32k",
    .usual_samples = 2,
    .open = MarketedRun::open,
};

}  // namespace fathom::tasks
