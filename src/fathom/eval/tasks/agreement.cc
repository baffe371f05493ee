// How well a model under some attention and cache agrees with itself under its
// own attention and a cache that keeps everything in full precision, on the
// same text.
//
// The text is cut into windows as for perplexity, and each is read by both. At
// every position the two distributions of the next token are compared: the
// Kullback-Leibler divergence of the measured from the reference's, in nats,
// and whether both find the same token likeliest; and how likely each finds the
// token that follows, as perplexity. Also by quarters of a window, since what
// is dropped is missed late.
#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "fathom/base/stopwatch.h"
#include "fathom/eval/likelihood.h"
#include "fathom/eval/task.h"
#include "fathom/eval/text_windows.h"

namespace fathom::tasks {
namespace {

// Of some positions, summed.
struct Agreement {
  size_t count = 0;
  double divergence = 0;
  double same_first = 0;
  double loss = 0;            // of the token that follows, -ln p
  double reference_loss = 0;  // the same

  void add(const Agreement& other) {
    count += other.count;
    divergence += other.divergence;
    same_first += other.same_first;
    loss += other.loss;
    reference_loss += other.reference_loss;
  }
  nlohmann::json figures() const {
    const auto n = static_cast<double>(count);
    return {{"divergence", divergence / n},
            {"same_first", same_first / n},
            {"perplexity", std::exp(loss / n)},
            {"reference_perplexity", std::exp(reference_loss / n)}};
  }
};

// ln of the sum of e^logit.
double log_sum(std::span<const float> logits) {
  const double largest = *std::ranges::max_element(logits);
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<float>(logit - largest));
  return largest + std::log(sum);
}

Agreement compare(std::span<const float> measured, std::span<const float> reference, TokenId next) {
  const double measured_sum = log_sum(measured);
  const double reference_sum = log_sum(reference);
  double divergence = 0;
  for (size_t token = 0; token < reference.size(); ++token) {
    const auto log_p = static_cast<float>(reference[token] - reference_sum);
    divergence += std::exp(log_p) * (log_p - (measured[token] - measured_sum));
  }
  const auto place = static_cast<size_t>(next);
  return {.count = 1,
          .divergence = divergence,
          .same_first = std::ranges::max_element(measured) - measured.begin() ==
                                std::ranges::max_element(reference) - reference.begin()
                            ? 1.0
                            : 0.0,
          .loss = measured_sum - measured[place],
          .reference_loss = reference_sum - reference[place]};
}

// Reads one window with both sessions, a block of logits of one after the same
// of the other: no more is ever held. [window - 1], by position.
Result<std::vector<Agreement>> compare_window(const TaskInput& input, Session& measured,
                                              Session& reference, std::span<const TokenId> window,
                                              const ProgressFn& progress) {
  std::vector<Agreement> at(window.size() - 1);
  Status reference_read;
  const Session::LogitsFn beside = [&](size_t first, ConstMatrix<float> logits) {
    const Session::LogitsFn meet = [&](size_t from, ConstMatrix<float> others) {
      input.engine->compute().pool->run(others.rows, [&](size_t i, size_t) {
        const size_t position = first + from + i;
        at[position] = compare({logits.row(from + i), logits.cols}, {others.row(i), others.cols},
                               window[position + 1]);
      });
    };
    if (reference_read.ok())
      reference_read = reference.score(window.subspan(first, logits.rows), 0, meet);
  };
  measured.clear();
  reference.clear();
  FATHOM_CHECK(measured.score(window.first(at.size()), 0, beside, progress));
  if (!reference_read.ok()) return reference_read.error();
  return at;
}

nlohmann::json figures_of(const std::array<Agreement, 4>& quarters) {
  Agreement whole;
  nlohmann::json by_quarter;
  for (const Agreement& quarter : quarters) {
    whole.add(quarter);
    by_quarter.push_back(quarter.figures());
  }
  nlohmann::json figures = whole.figures();
  figures["quarters"] = by_quarter;
  figures["compared_tokens"] = whole.count;
  return figures;
}

Result<nlohmann::json> run(const TaskInput& input) {
  FATHOM_TRY(auto measured, Session::open(*input.engine, {.context = input.window,
                                                          .attention = input.attention,
                                                          .kv = input.kv,
                                                          .chunk = input.chunk}));
  SessionOptions own;
  own.context = input.window;
  own.chunk = input.chunk;
  FATHOM_TRY(auto reference, Session::open(*input.engine, own));
  FATHOM_TRY(const TextWindows windows, TextWindows::cut(input, 8));
  const Stopwatch watch;
  std::array<Agreement, 4> quarters;
  KvCount kept;
  for (size_t i = 0; i < windows.count(); ++i) {
    const ProgressFn progress = [&](const Progress& in_window) {
      return !input.progress || input.progress({.done = i * input.window + in_window.done,
                                                .total = windows.count() * input.window,
                                                .seconds = watch.seconds()});
    };
    FATHOM_TRY(const std::vector<Agreement> at,
               compare_window(input, *measured, *reference, windows[i], progress));
    for (size_t p = 0; p < at.size(); ++p) quarters[4 * p / at.size()].add(at[p]);
    kept = measured->kv_count();
  }
  nlohmann::json figures = figures_of(quarters);
  if (figures["perplexity"].is_null() || !std::isfinite(figures["perplexity"].get<double>()))
    return Error{
        "the perplexity is not a number: the model's weights are "
        "damaged, or overflow"};
  figures.update({{"window", input.window},
                  {"windows", windows.count()},
                  {"chunk", input.chunk},
                  {"attn", input.attention.spec()},
                  {"kv", input.kv.spec.spec()},
                  {"kv_split", input.kv.split.spec()},
                  {"kv_bytes", kept.bytes},
                  {"evicted", kept.evicted},
                  {"seconds", watch.seconds()}});
  return figures;
}

}  // namespace

extern const Task agreement;
const Task agreement = {
    .name = "agreement",
    .summary =
        "how far the next token's distribution is from the model's own, "
        "by position",
    .run = run,
};

}  // namespace fathom::tasks
