// Perplexity over consecutive windows, as llama.cpp's llama-perplexity measures it, so that the two
// compare.
//
// Each whole window (text_windows.h) is read alone; the tokens of its second half are scored given
// all before them. Perplexity = exp(mean negative log-likelihood). With --score-from 0 all of it is
// scored, and the curve by position shows where context stops helping.
#include <array>
#include <charconv>
#include <cmath>
#include <string>
#include <vector>

#include "fathom/eval/likelihood.h"
#include "fathom/eval/task.h"
#include "fathom/eval/text_windows.h"

namespace fathom::tasks {
namespace {

constexpr size_t kLeast = 4;  // tokens of a window
constexpr std::string_view kScoreFrom = "--score-from";

constexpr std::array<Metric, 1> kMetrics = {{
    {.name = "loss",
     .label = "perplexity",
     .higher_is_better = false,
     .shown = Metric::Shown::exponential},
}};
constexpr std::array<View, 1> kViews = {{
    {.kind = View::Kind::curve,
     .of = "loss",
     .label = "perplexity by position",
     .shown = Metric::Shown::exponential},
}};
constexpr std::array<TaskFlag, 1> kFlags = {{
    {.name = kScoreFrom,
     .help = "The share of a window that is context alone and not scored (default: 0.5)",
     .value = "SHARE"},
}};

Result<double> read_score_from(const TaskInput& input) {
  const std::string text = input.flag(kScoreFrom).value_or("0.5");
  double share = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), share);
  if (error != std::errc() || end != text.data() + text.size() || !(share >= 0 && share < 1))
    return Error{std::string(kScoreFrom) + ": '" + text + "' is not a number from 0 to below 1"};
  return share;
}

// The first position whose next token is scored.
size_t first_scored(double score_from, size_t window) {
  return static_cast<size_t>(score_from * static_cast<double>(window));
}

// A window's loss, and the standard error of it with tokens taken as independent.
void set_values(const std::vector<double>& losses, Json& values) {
  const auto n = static_cast<double>(losses.size());
  double sum = 0;
  double squares = 0;
  for (const double loss : losses) {
    sum += loss;
    squares += loss * loss;
  }
  const double variance = std::max(0.0, squares / n - sum / n * sum / n);
  values = {{"loss", sum / n},
            {"loss_error", losses.size() < 2 ? 0.0 : std::sqrt(variance / (n - 1))},
            {"scored_tokens", losses.size()}};
}

class PerplexityRun final : public TaskRun {
 public:
  PerplexityRun(TextWindows windows, double score_from, const TaskInput& input)
      : windows_(std::move(windows)),
        score_from_(score_from),
        samples_(windows_.samples("perplexity", input.lengths, input.samples)) {}

  const std::vector<Sample>& samples() const override { return samples_; }

  Result<Measurement> measure(const Sample& sample, Subject& subject) override {
    const std::vector<TokenId> window = windows_.window(sample);
    const std::vector<size_t> scored =
        indices(first_scored(score_from_, window.size()), window.size() - 1);
    std::vector<double> losses(scored.size());
    FATHOM_TRY(Session* const session, subject.open(window.size()));
    const Session::LogitsFn look_up = [&](size_t begin, ConstMatrix<float> logits) {
      subject.engine().compute().pool->run(logits.rows, [&](size_t row, size_t) {
        const TokenId next = window[scored[begin + row] + 1];
        losses[begin + row] = -log_probability({logits.row(row), logits.cols}, next);
      });
    };
    const std::span<const TokenId> read(window.data(), window.size() - 1);
    FATHOM_CHECK(session->score(read, scored, look_up, subject.progress));
    Measurement one;
    set_values(losses, one.values);
    if (!std::isfinite(std::exp(one.values["loss"].get<double>())))
      return Error{"the perplexity is not a number: the model's weights are damaged, or overflow"};
    one.curves["loss"] = curve_of(scored, losses, window.size());
    one.costs = subject.costs();
    return one;
  }

 private:
  TextWindows windows_;
  double score_from_;
  std::vector<Sample> samples_;
};

Result<std::unique_ptr<TaskRun>> open(const TaskInput& input) {
  FATHOM_TRY(const double score_from, read_score_from(input));
  FATHOM_TRY(TextWindows windows, TextWindows::cut(input, kLeast));
  const size_t shortest = input.lengths.front();
  if (first_scored(score_from, shortest) + 1 >= shortest)
    return Error{std::string(kScoreFrom) + " " + input.flag(kScoreFrom).value_or("") +
                 ": leaves nothing to score of a window of " + std::to_string(shortest) +
                 " tokens"};
  return std::unique_ptr<TaskRun>(new PerplexityRun(std::move(windows), score_from, input));
}

}  // namespace

extern const Task perplexity;
const Task perplexity = {
    .name = "perplexity",
    .summary = "perplexity over consecutive windows, the second half of each scored",
    .source = "the protocol of llama.cpp's llama-perplexity",
    .example = "-f book.txt --lengths 2k --attn model --attn streaming",
    .text = TextUse::needed,
    .flags = kFlags,
    .metrics = kMetrics,
    .views = kViews,
    .passing = std::nullopt,
    .usual_lengths = "2k",
    .open = open,
};

}  // namespace fathom::tasks
