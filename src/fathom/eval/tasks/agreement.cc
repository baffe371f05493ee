// How well a model under some technique agrees with itself under its own attention, positions and a
// cache that keeps everything in full precision, on the same text: the measure of "near-lossless"
// that needs no instruction following.
//
// The text is cut into windows as for perplexity. The model itself reads a window first; then each
// technique does. At evenly spread positions the two distributions of the next token are compared:
// the Kullback-Leibler divergence of the measured from the reference's, in nats, and whether both
// find the same token likeliest; and how likely each finds the token that follows, as perplexity.
#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "fathom/eval/likelihood.h"
#include "fathom/eval/task.h"
#include "fathom/eval/text_windows.h"

namespace fathom::tasks {
namespace {

constexpr size_t kMostPositions = 1'000'000;
constexpr size_t kLeast = 8;  // tokens of a window
constexpr std::string_view kPositions = "--positions";

constexpr std::array<Metric, 5> kMetrics = {{
    {.name = "divergence",
     .label = "divergence from the model's own, nats",
     .higher_is_better = false,
     .shown = Metric::Shown::number},
    {.name = "tail_divergence",
     .label = "divergence, the 99th of 100",
     .higher_is_better = false,
     .shown = Metric::Shown::number},
    {.name = "same_first", .label = "same likeliest token"},
    {.name = "loss",
     .label = "perplexity",
     .higher_is_better = false,
     .shown = Metric::Shown::exponential},
    {.name = "reference_loss",
     .label = "the model's own perplexity",
     .higher_is_better = false,
     .shown = Metric::Shown::exponential},
}};
constexpr std::array<View, 2> kViews = {{
    {.kind = View::Kind::curve,
     .of = "divergence",
     .label = "divergence by position, nats",
     .shown = Metric::Shown::number},
    {.kind = View::Kind::curve, .of = "same_first", .label = "same likeliest token, by position"},
}};
constexpr std::array<TaskFlag, 1> kFlags = {{
    {.name = kPositions,
     .help = "Most positions of a window that are compared; the reference's logits at all of them "
             "are in memory at once (default: 1024)",
     .value = "N"},
}};

Result<size_t> read_positions(const TaskInput& input) {
  return whole_number(kPositions, input.flag(kPositions).value_or("1024"), 1, kMostPositions);
}

// What was found at every compared position.
struct Comparison {
  explicit Comparison(size_t count)
      : divergence(count), same_first(count), loss(count), reference_loss(count) {}
  std::vector<double> divergence, same_first, loss, reference_loss;

  void compare(size_t i, std::span<const float> measured, std::span<const float> reference,
               TokenId next) {
    const double measured_sum = log_sum(measured);
    const double reference_sum = log_sum(reference);
    double sum = 0;
    for (size_t token = 0; token < reference.size(); ++token) {
      const auto log_p = static_cast<float>(reference[token] - reference_sum);
      sum += std::exp(log_p) * (log_p - (measured[token] - measured_sum));
    }
    divergence[i] = sum;
    same_first[i] = std::ranges::max_element(measured) - measured.begin() ==
                            std::ranges::max_element(reference) - reference.begin()
                        ? 1
                        : 0;
    loss[i] = measured_sum - measured[static_cast<size_t>(next)];
    reference_loss[i] = reference_sum - reference[static_cast<size_t>(next)];
  }
};

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

// The value that 99 of 100 do not exceed.
double tail(std::vector<double> values) {
  const size_t at = (values.size() - 1) * 99 / 100;
  std::ranges::nth_element(values, values.begin() + static_cast<ptrdiff_t>(at));
  return values[at];
}

class AgreementRun final : public TaskRun {
 public:
  AgreementRun(TextWindows windows, size_t positions, const TaskInput& input)
      : windows_(std::move(windows)),
        positions_(positions),
        samples_(windows_.samples("agreement", input.lengths, input.samples)) {}

  const std::vector<Sample>& samples() const override { return samples_; }

  Result<Measurement> measure(const Sample& sample, Subject& subject) override {
    if (read_ != sample.id) FATHOM_CHECK(read_reference(sample, subject));
    return compare(subject);
  }

 private:
  // Positions whose next token the window has, evenly spread from the first on.
  void choose_positions() {
    const size_t last = window_.size() - 1;
    const size_t step = std::max<size_t>(1, (last + positions_ - 1) / positions_);
    compared_.clear();
    for (size_t position = 0; position < last; position += step) compared_.push_back(position);
  }

  // The model itself, read as `subject` will be.
  Status read_reference(const Sample& sample, const Subject& subject) {
    window_ = windows_.window(sample);
    choose_positions();
    const Technique own;
    Subject reference = subject.other(own);
    reference.progress = [&subject](const Progress& progress) {
      return !subject.progress || subject.progress({.done = 0, .total = progress.total});
    };
    FATHOM_TRY(Session* const session, reference.open(window_.size()));
    const size_t vocabulary = session->model().vocabulary;
    reference_.ensure(compared_.size() * vocabulary);
    const Matrix<float> kept(reference_.data(), compared_.size(), vocabulary);
    const Session::LogitsFn keep = [&](size_t first, ConstMatrix<float> logits) {
      std::copy_n(logits.data, logits.rows * logits.cols, kept.row(first));
    };
    FATHOM_CHECK(session->score(read(), compared_, keep, reference.progress));
    read_ = sample.id;
    return {};
  }

  Result<Measurement> compare(Subject& subject) {
    FATHOM_TRY(Session* const session, subject.open(window_.size()));
    const size_t vocabulary = session->model().vocabulary;
    Comparison at(compared_.size());
    const Session::LogitsFn meet = [&](size_t first, ConstMatrix<float> logits) {
      subject.engine().compute().pool->run(logits.rows, [&](size_t row, size_t) {
        const size_t i = first + row;
        at.compare(i, {logits.row(row), vocabulary},
                   {reference_.data() + i * vocabulary, vocabulary}, window_[compared_[i] + 1]);
      });
    };
    FATHOM_CHECK(session->score(read(), compared_, meet, subject.progress));
    Measurement one;
    one.values = {
        {"divergence", mean(at.divergence)},         {"tail_divergence", tail(at.divergence)},
        {"same_first", mean(at.same_first)},         {"loss", mean(at.loss)},
        {"reference_loss", mean(at.reference_loss)}, {"compared_tokens", compared_.size()}};
    if (!std::isfinite(std::exp(one.values["loss"].get<double>())))
      return Error{"the perplexity is not a number: the model's weights are damaged, or overflow"};
    one.curves = {{"divergence", curve_of(compared_, at.divergence, window_.size())},
                  {"same_first", curve_of(compared_, at.same_first, window_.size())}};
    one.costs = subject.costs();
    return one;
  }

  std::span<const TokenId> read() const { return {window_.data(), window_.size() - 1}; }

  TextWindows windows_;
  size_t positions_;
  std::vector<Sample> samples_;
  std::string read_;  // the sample whose reference is known
  std::vector<TokenId> window_;
  std::vector<size_t> compared_;
  Buffer<float> reference_;  // [compared, vocabulary]
};

Result<std::unique_ptr<TaskRun>> open(const TaskInput& input) {
  FATHOM_TRY(const size_t positions, read_positions(input));
  FATHOM_TRY(TextWindows windows, TextWindows::cut(input, kLeast));
  return std::unique_ptr<TaskRun>(new AgreementRun(std::move(windows), positions, input));
}

}  // namespace

extern const Task agreement;
const Task agreement = {
    .name = "agreement",
    .summary = "how far the next token's distribution is from the model's own",
    .source = "Kullback-Leibler divergence; as llama.cpp's --kl-divergence, by position",
    .example = "-f book.txt --lengths 8k --kv 'snapkv(budget=0.1)' --kv 'fifo(budget=0.1)'",
    .text = TextUse::needed,
    .flags = kFlags,
    .metrics = kMetrics,
    .views = kViews,
    .passing = std::nullopt,
    .usual_lengths = "2k",
    .open = open,
};

}  // namespace fathom::tasks
