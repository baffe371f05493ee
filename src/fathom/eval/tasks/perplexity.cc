// Perplexity over consecutive windows, as llama.cpp's llama-perplexity measures it, so that the two
// compare.
//
// The text's tokens (after a begin token, where the model wants one) are cut into whole windows;
// each is run alone, its first token replaced by the begin token; the tokens of its second half are
// scored given all before them. Perplexity = exp(mean negative log-likelihood).
#include <algorithm>
#include <cmath>
#include <vector>

#include "fathom/base/stopwatch.h"
#include "fathom/eval/likelihood.h"
#include "fathom/eval/task.h"

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

Result<std::vector<TokenId>> tokenize(const TaskInput& input) {
  const Tokenizer& tokenizer = input.engine->tokenizer();
  const auto& bos = tokenizer.vocabulary().bos;
  std::vector<TokenId> tokens;
  if (tokenizer.vocabulary().add_bos && bos) tokens.push_back(*bos);
  FATHOM_CHECK(tokenizer.encode(input.text, true, tokens));
  if (tokens.size() < input.window)
    return Error{"the text has " + std::to_string(tokens.size()) +
                 " tokens, fewer than one window of " + std::to_string(input.window) +
                 "; give a longer text or a smaller window"};
  return tokens;
}

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
  if (input.window < 4)
    return Error{"window of " + std::to_string(input.window) + " tokens: must be at least 4"};
  FATHOM_TRY(auto session, Session::open(*input.engine, {.context = input.window,
                                                         .attention = input.attention,
                                                         .kv = input.kv,
                                                         .chunk = input.chunk}));
  FATHOM_TRY(std::vector<TokenId> tokens, tokenize(input));
  const Vocabulary& vocabulary = input.engine->tokenizer().vocabulary();
  const size_t windows = tokens.size() / input.window;
  const Stopwatch watch;
  Likelihoods losses;
  for (size_t i = 0; i < windows; ++i) {
    const std::span window(tokens.data() + i * input.window, input.window);
    if (vocabulary.add_bos && vocabulary.bos) window[0] = *vocabulary.bos;
    const ProgressFn progress = [&](const Progress& in_window) {
      return !input.progress || input.progress({.done = i * input.window + in_window.done,
                                                .total = windows * input.window,
                                                .seconds = watch.seconds()});
    };
    FATHOM_CHECK(score_window(input, *session, window, progress, losses));
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
      {"windows", windows},
      {"tokens", tokens.size()},
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
