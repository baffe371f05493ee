#include <algorithm>
#include <cmath>
#include <new>

#include "fathom/base/stopwatch.h"
#include "fathom/engine/engine.h"
#include "fathom/engine/stop_strings.h"
#include "fathom/text/utf8.h"

namespace fathom {
namespace {

// Logits are computed for at most this many bytes' worth of rows at a time.
constexpr size_t kLogitsBytes = size_t{64} << 20;

// Tells the watcher how far a run has come. Error: it asked to stop.
Status report(const ProgressFn& progress, size_t done, size_t total, const Stopwatch& watch) {
  if (!progress || progress({.done = done, .total = total, .seconds = watch.seconds()})) return {};
  return Error{"stopped after " + std::to_string(done) + " of " + std::to_string(total) +
               " tokens"};
}

}  // namespace

std::string_view name(StopReason reason) {
  switch (reason) {
    case StopReason::end_of_text:
      return "end_of_text";
    case StopReason::stop_string:
      return "stop_string";
    case StopReason::max_tokens:
      return "max_tokens";
    case StopReason::context_full:
      return "context_full";
    case StopReason::cancelled:
      return "cancelled";
  }
  return "?";
}

Result<std::unique_ptr<Session>> Session::open(Engine& engine, const SessionOptions& options) {
  const ModelSpec& spec = engine.model().spec;
  std::unique_ptr<Session> session(new Session(engine, options));
  if (session->options_.context == 0) session->options_.context = spec.trained_context;
  if (options.context > spec.trained_context)
    return Error{"context of " + std::to_string(options.context) +
                 " tokens: the model was trained for " + std::to_string(spec.trained_context) +
                 " and answers badly beyond; ask for at most that"};
  if (options.chunk == 0) return Error{"chunk of 0 tokens: must be at least 1"};
  FATHOM_TRY(session->heads_, patterns_of(spec, options.attention));
  const auto context = static_cast<int64_t>(session->options_.context);
  const bool measure = !sees_as_trained(spec, session->heads_, context);
  session->attention_ = std::make_unique<SequenceAttention>(engine.compute(), spec, session->heads_,
                                                            session->options_.context, measure);
  return session;
}

Session::Session(Engine& engine, const SessionOptions& options)
    : engine_(engine),
      options_(options),
      cache_(kv_shapes(engine.model().spec), KvFormat{.operand = engine.compute().operand}),
      forward_(engine.compute(), engine.model().spec, engine.model().weights),
      logits_(engine.model().spec.vocabulary) {}

Status Session::check_room(size_t count) const {
  if (count <= options_.context - tokens_.size()) return {};
  const size_t wanted = tokens_.size() + count;
  std::string message = "the prompt has " + std::to_string(wanted) +
                        " tokens, but the context holds " + std::to_string(options_.context) + ": ";
  const size_t trained = engine_.model().spec.trained_context;
  message += wanted <= trained ? "raise the context (up to " + std::to_string(trained) + ")"
                               : "shorten the text, or take a model trained for a longer context";
  return Error{message};
}

Result<ConstMatrix<float>> Session::step(std::span<const TokenId> tokens) {
  try {
    return read_chunk(tokens);
  } catch (const std::bad_alloc&) {
    // Layers differ by now in what they have of the chunk.
    const size_t read = tokens_.size();
    clear();
    return Error{"out of memory after " + std::to_string(read) +
                 " tokens, in what attention keeps beside the cache or while it is planned: take a "
                 "shorter text, or a pattern that keeps less (docs/patterns.md)"};
  }
}

Result<ConstMatrix<float>> Session::read_chunk(std::span<const TokenId> tokens) {
  const auto begin = static_cast<int64_t>(tokens_.size());
  const auto end = begin + static_cast<int64_t>(tokens.size());
  FATHOM_CHECK(cache_.reserve(tokens.size()));

  std::vector<Position> positions;
  for (int64_t i = begin; i < end; ++i) positions.push_back({i});
  std::vector<TextEnd> ends;
  for (const TokenId token : tokens)
    ends.push_back(text_ends_.next(engine_.tokenizer().bytes(token)));
  const AttendLayer attend_layer = attention_->step({{begin}, {end}}, cache_, ends);
  const ConstMatrix<float> hidden = forward_.run(tokens, positions, cache_, attend_layer);
  cache_.commit(*engine_.compute().pool, tokens.size());
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
  return hidden;
}

Status Session::read_logits(ConstMatrix<float> hidden) {
  forward_.logits(hidden, {logits_.data(), 1, logits_.size()});
  if (std::ranges::all_of(logits(), [](float logit) { return std::isfinite(logit); })) return {};
  return Error{"the model's logits are not numbers after " + std::to_string(tokens_.size()) +
               " tokens: its weights are damaged, or overflow"};
}

Status Session::prefill(std::span<const TokenId> tokens, const ProgressFn& progress) {
  FATHOM_CHECK(check_room(tokens.size()));
  FATHOM_CHECK(cache_.reserve(tokens.size()));
  const Stopwatch watch;
  for (size_t done = 0; done < tokens.size();) {
    const size_t count = std::min(options_.chunk, tokens.size() - done);
    FATHOM_TRY(const ConstMatrix<float> hidden, step(tokens.subspan(done, count)));
    done += count;
    if (done == tokens.size()) FATHOM_CHECK(read_logits(hidden.rows_at(count - 1, 1)));
    FATHOM_CHECK(report(progress, done, tokens.size(), watch));
  }
  return {};
}

Status Session::score(std::span<const TokenId> tokens, size_t first_scored, const LogitsFn& each,
                      const ProgressFn& progress) {
  FATHOM_CHECK(check_room(tokens.size()));
  FATHOM_CHECK(cache_.reserve(tokens.size()));
  const Stopwatch watch;
  const size_t vocabulary = engine_.model().spec.vocabulary;
  const size_t rows = std::max<size_t>(16, kLogitsBytes / (vocabulary * sizeof(float)));
  Buffer<float> block;
  for (size_t begin = 0; begin < tokens.size(); begin += options_.chunk) {
    const size_t count = std::min(options_.chunk, tokens.size() - begin);
    FATHOM_TRY(const ConstMatrix<float> hidden, step(tokens.subspan(begin, count)));
    const size_t skipped = std::min(count, std::max(begin, first_scored) - begin);
    for (size_t row = skipped; row < count; row += rows) {
      const size_t n = std::min(rows, count - row);
      block.ensure(n * vocabulary);
      const Matrix<float> logits(block.data(), n, vocabulary);
      forward_.logits(hidden.rows_at(row, n), logits);
      each(begin + row, logits);
    }
    FATHOM_CHECK(report(progress, begin + count, tokens.size(), watch));
  }
  return {};
}

Result<GenerationResult> Session::generate(const Generation& generation, const TextFn& on_text) {
  FATHOM_CHECK(check(generation.sampling));
  if (tokens_.empty()) return Error{"nothing to generate from: the prompt has no tokens"};
  const Stopwatch watch;
  Sampler sampler(generation.sampling);
  StopStrings stop(generation.stop);
  Utf8Stream characters;
  GenerationResult result;
  result.reason = StopReason::max_tokens;
  const auto show = [&](const std::string& text) {
    result.text += text;
    return !on_text || on_text(text);
  };

  while (result.tokens < generation.max_tokens) {
    const TokenId token = sampler.sample(logits(), tokens_);
    if (engine_.tokenizer().ends_generation(token)) {
      result.reason = StopReason::end_of_text;
      break;
    }
    ++result.tokens;
    const bool go_on = show(stop.push(characters.push(engine_.tokenizer().bytes(token))));
    if (stop.found()) {
      result.reason = StopReason::stop_string;
      break;
    }
    if (!go_on) {
      result.reason = StopReason::cancelled;
      break;
    }
    if (result.tokens == generation.max_tokens) break;
    if (tokens_.size() == options_.context) {
      result.reason = StopReason::context_full;
      break;
    }
    FATHOM_TRY(const ConstMatrix<float> hidden, step({&token, 1}));
    FATHOM_CHECK(read_logits(hidden));
  }
  if (!stop.found()) {
    std::string rest = stop.push(characters.finish());
    if (stop.found()) result.reason = StopReason::stop_string;
    rest += stop.finish();
    show(rest);
  }
  result.seconds = watch.seconds();
  return result;
}

void Session::clear() {
  cache_.truncate(0);
  attention_->clear();
  text_ends_ = {};
  tokens_.clear();
}

}  // namespace fathom
