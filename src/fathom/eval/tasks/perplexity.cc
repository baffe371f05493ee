// Perplexity over consecutive windows, as llama.cpp's llama-perplexity measures it, so that the two
// compare.
//
// Each whole window (text_windows.h) is run alone; the tokens of its second half are scored given
// all before them. Perplexity = exp(mean negative log-likelihood).
#include <algorithm>
#include <cmath>
#include <vector>

#include "fathom/base/stopwatch.h"
#include "fathom/eval/likelihood.h"
#include "fathom/eval/task.h"
#include "fathom/eval/text_windows.h"

namespace fathom::tasks {
namespace {

struct Likelihoods {
  size_t count = 0;
  double sum = 0;
  double sum_of_squares = 0;

  void add(double x) {
    ++count;
    sum += x;
    sum_of_squares += x * x;
  }
  double mean() const { return sum / static_cast<double>(count); }
  // Of the mean.
  double standard_error() const {
    const double variance = sum_of_squares / static_cast<double>(count) - mean() * mean();
    return count < 2 ? 0 : std::sqrt(std::max(0.0, variance) / static_cast<double>(count - 1));
  }
};

// Scores tokens [first + 1, window) of one window.
Status score_window(const TaskInput& input, Session& session, std::span<const TokenId> window,
                    const ProgressFn& progress, Likelihoods& out) {
  const size_t first = window.size() / 2;
  std::vector<double> log_probabilities(window.size());
  session.clear();
  const Session::LogitsFn look_up = [&](size_t begin, ConstMatrix<float> logits) {
    input.engine->compute().pool->run(logits.rows, [&](size_t row, size_t) {
      log_probabilities[begin + row + 1] =
          log_probability({logits.row(row), logits.cols}, window[begin + row + 1]);
    });
  };
  FATHOM_CHECK(session.score(window.first(window.size() - 1), first, look_up, progress));
  for (size_t i = first + 1; i < window.size(); ++i) out.add(-log_probabilities[i]);
  return {};
}

Result<nlohmann::json> run(const TaskInput& input) {
  FATHOM_TRY(auto session, Session::open(*input.engine, {.context = input.window,
                                                         .attention = input.attention,
                                                         .kv = input.kv,
                                                         .chunk = input.chunk}));
  FATHOM_TRY(const TextWindows windows, TextWindows::cut(input, 4));
  const Stopwatch watch;
  Likelihoods losses;
  for (size_t i = 0; i < windows.count(); ++i) {
    const ProgressFn progress = [&](const Progress& in_window) {
      return !input.progress || input.progress({.done = i * input.window + in_window.done,
                                                .total = windows.count() * input.window,
                                                .seconds = watch.seconds()});
    };
    FATHOM_CHECK(score_window(input, *session, windows[i], progress, losses));
  }
  const double perplexity = std::exp(losses.mean());
  if (!std::isfinite(perplexity))
    return Error{"the perplexity is not a number: the model's weights are damaged, or overflow"};
  const std::optional<double> mass = session->attention_count().mass_kept();
  return nlohmann::json{
      {"perplexity", perplexity},
      {"standard_error", perplexity * losses.standard_error()},
      {"window", input.window},
      {"chunk", input.chunk},
      {"attn", input.attention.spec()},
      {"kv", input.kv.spec.spec()},
      {"kv_split", input.kv.split.spec()},
      {"kv_bytes", session->kv_bytes()},
      {"windows", windows.count()},
      {"tokens", windows.tokens()},
      {"scored_tokens", losses.count},
      {"pairs_scored", session->attention_count().fraction()},
      {"mass_kept", mass ? nlohmann::json(*mass) : nlohmann::json(nullptr)},
      {"seconds", watch.seconds()},
  };
}

}  // namespace

extern const Task perplexity;
const Task perplexity = {
    .name = "perplexity",
    .summary = "perplexity over consecutive windows, the second half of each scored",
    .run = run,
};

}  // namespace fathom::tasks
