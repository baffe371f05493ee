#include <algorithm>
#include <cassert>
#include <cmath>
#include <new>

#include "fathom/base/stopwatch.h"
#include "fathom/engine/engine.h"
#include "fathom/engine/stop_strings.h"
#include "fathom/model/rope_of_model.h"
#include "fathom/text/utf8.h"

namespace fathom {
namespace {

// Logits are computed for at most this many bytes' worth of rows at a time.
constexpr size_t kLogitsBytes = size_t{64} << 20;

// What an endless session remembers of its tokens, for the sampler's penalty: up to so many.
constexpr ptrdiff_t kRecentTokens = 4096;

// Most tokens of a session; under a policy that goes by position the text may go on for ever.
size_t context_of(const SessionOptions& options, const ModelSpec& model, size_t no_end) {
  if (options.context != 0) return options.context;
  return options.kv.spec.policy->reach() ? no_end : rope_context(model, options.rope, 0);
}

Status check_span(const SessionOptions& options, const ModelSpec& model, size_t span) {
  const Status reached = check_rope_reach(model, options.rope, span);
  if (reached.ok()) return {};
  const Policy& policy = *options.kv.spec.policy;
  return Error{(policy.reach() ? policy.spec() + " sees " : "context of ") + std::to_string(span) +
               " tokens: " + reached.error().message};
}

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

size_t Session::span_of(const SessionOptions& options) {
  const auto reach = options.kv.spec.policy->reach();
  return reach ? static_cast<size_t>(reach->sinks + reach->recent) : options.context;
}

Result<std::unique_ptr<Session>> Session::open(Engine& engine, const SessionOptions& given) {
  SessionOptions options = given;
  if (options.kv.spec.policy == nullptr) {
    FATHOM_TRY(const KvSpec keep, parse_kv_spec("keep"));
    options.kv.spec.policy = keep.policy;
  }
  if (options.chunk == 0) return Error{"chunk of 0 tokens: must be at least 1"};
  options.context = context_of(options, engine.model().spec, kNoEnd);
  const size_t span = span_of(options);
  FATHOM_CHECK(check_span(options, engine.model().spec, span));
  FATHOM_TRY(ModelSpec spec, with_rope(engine.model().spec, options.rope, span));
  FATHOM_TRY(HeadPatterns heads, patterns_of(spec, options.attention));
  FATHOM_CHECK(check_composition(spec, heads, options.kv.spec));
  FATHOM_CHECK(check_extension(spec, heads, options.kv.spec));
  // The share of full attention's weights is measured over all keys.
  const auto context = static_cast<int64_t>(options.context);
  if (!sees_as_trained(spec, heads, context)) options.kv.drop_unseen = false;
  FATHOM_TRY(const Compute compute, compute_for(engine.compute(), options.kv.spec));
  FATHOM_TRY(SlabSource slabs, slabs_of(options.kv));
  return std::unique_ptr<Session>(
      new Session(engine, options, compute, std::move(spec), std::move(heads), std::move(slabs)));
}

Session::Session(Engine& engine, const SessionOptions& options, const Compute& compute,
                 ModelSpec model, HeadPatterns heads, SlabSource slabs)
    : engine_(engine),
      options_(options),
      compute_(compute),
      model_(std::move(model)),
      heads_(std::move(heads)),
      measures_(!is_extended(model_) &&
                !sees_as_trained(model_, heads_, static_cast<int64_t>(options.context))),
      cache_(compute_, model_, heads_, options.kv, static_cast<int64_t>(options.context),
             std::move(slabs)),
      forward_(compute_, model_, engine.model().weights),
      logits_(model_.vocabulary) {
  DroppingCache dropping;
  for (size_t layer = 0; layer < model_.layers.size(); ++layer)
    dropping.layers.push_back(cache_.drops(layer));
  if (cache_.observes())
    dropping.observe = [this](size_t layer, const AttendArgs& args) {
      cache_.observe(layer, args);
    };
  attention_ = std::make_unique<SequenceAttention>(compute_, model_, heads_, options_.context,
                                                   measures_, std::move(dropping));
  if (options_.prefixes) keep_prefixes(*options_.prefixes);
}

Status Session::check_room(size_t count) const {
  if (count <= options_.context - read()) return {};
  const size_t wanted = read() + count;
  std::string message = "the prompt has " + std::to_string(wanted) +
                        " tokens, but the context holds " + std::to_string(options_.context) + ": ";
  const bool reached = check_rope_reach(model_, options_.rope, wanted).ok();
  message += reached ? "raise it (-c)"
                     : "shorten the text, take a model trained for a longer context, or stretch "
                       "this one's positions: " +
                           rope_advice(model_, wanted);
  return Error{message + "; or keep no more than its newest tokens: --kv streaming"};
}

Result<ConstMatrix<float>> Session::step(std::span<const TokenId> tokens, bool decoding) {
  try {
    return read_chunk(tokens, decoding);
  } catch (const std::bad_alloc&) {
    // Layers differ by now in what they have of the chunk.
    const size_t read = this->read();
    clear();
    return Error{"out of memory after " + std::to_string(read) +
                 " tokens, in what attention keeps beside the cache or while it is planned: take a "
                 "shorter text, or a pattern that keeps less (docs/patterns.md)"};
  }
}

Result<ConstMatrix<float>> Session::read_chunk(std::span<const TokenId> tokens, bool decoding) {
  const Stopwatch watch;
  const auto begin = static_cast<int64_t>(read());
  const auto end = begin + static_cast<int64_t>(tokens.size());
  FATHOM_CHECK(cache_.reserve(tokens.size()));

  std::vector<Position> positions, slots;
  for (int64_t i = begin; i < end; ++i) positions.push_back({i});
  const std::optional<KvReach> reach = cache_.reach();
  if (reach && reach->reindexed)
    for (const Position position : positions) slots.push_back(reach->slot_of(position));
  std::vector<TextEnd> ends;
  for (const TokenId token : tokens)
    ends.push_back(text_ends_.next(engine_.tokenizer().bytes(token)));
  const AttendLayer attend_layer = attention_->step({{begin}, {end}}, cache_.cache(), ends, reach);
  const ConstMatrix<float> hidden =
      forward_.run(tokens, positions, cache_.cache(), attend_layer, slots);
  cache_.commit(tokens.size(), decoding);
  if (is_endless() && std::ssize(tokens_) >= kRecentTokens)
    tokens_.erase(tokens_.begin(), tokens_.end() - kRecentTokens / 2);
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
  read_seconds_ += watch.seconds();
  return hidden;
}

Status Session::read_logits(ConstMatrix<float> hidden) {
  forward_.logits(hidden, {logits_.data(), 1, logits_.size()});
  if (std::ranges::all_of(logits(), [](float logit) { return std::isfinite(logit); })) return {};
  return Error{"the model's logits are not numbers after " + std::to_string(read()) +
               " tokens: its weights are damaged, or overflow"};
}

Status Session::prefill(std::span<const TokenId> tokens, const ProgressFn& progress) {
  FATHOM_CHECK(check_room(tokens.size()));
  const Status read = read_prompt(tokens, progress);
  cache_.hold_from(UINT64_MAX);
  if (read.ok()) cache_.settle();
  return read;
}

Status Session::read_prompt(std::span<const TokenId> tokens, const ProgressFn& progress) {
  PrefixRecorder* const recorder = recorder_ && read() == 0 ? &*recorder_ : nullptr;
  const Stopwatch watch;
  size_t done = recorder != nullptr ? recall(tokens) : 0;
  FATHOM_CHECK(cache_.expect(tokens.size() - done, options_.chunk));
  while (done < tokens.size()) {
    if (recorder != nullptr) cache_.hold_from(recorder->recorded());
    const size_t count = std::min(options_.chunk, tokens.size() - done);
    FATHOM_TRY(const ConstMatrix<float> hidden, step(tokens.subspan(done, count)));
    done += count;
    if (done == tokens.size()) FATHOM_CHECK(read_logits(hidden.rows_at(count - 1, 1)));
    const Status reported = report(progress, done, tokens.size(), watch);
    if (recorder != nullptr)
      recorder->record(tokens, cache_.cache(), done == tokens.size() || !reported.ok(),
                       [this] { return cache_.statistics(); });
    FATHOM_CHECK(reported);
  }
  return {};
}

Status Session::score(std::span<const TokenId> tokens, std::span<const size_t> scored,
                      const LogitsFn& each, const ProgressFn& progress) {
  assert(std::ranges::is_sorted(scored) && (scored.empty() || scored.back() < tokens.size()));
  FATHOM_CHECK(check_room(tokens.size()));
  FATHOM_CHECK(cache_.expect(tokens.size(), options_.chunk));
  const Stopwatch watch;
  size_t next = 0;  // of `scored`
  for (size_t begin = 0; begin < tokens.size(); begin += options_.chunk) {
    const size_t count = std::min(options_.chunk, tokens.size() - begin);
    FATHOM_TRY(const ConstMatrix<float> hidden, step(tokens.subspan(begin, count)));
    const size_t first = next;
    while (next < scored.size() && scored[next] < begin + count) ++next;
    // What is not scored is a prompt, and what follows is an answer.
    if (first == 0 && next > 0) cache_.settle();
    score_rows(hidden, begin, scored.subspan(first, next - first), first, each);
    FATHOM_CHECK(report(progress, begin + count, tokens.size(), watch));
  }
  return {};
}

void Session::score_rows(ConstMatrix<float> hidden, size_t begin, std::span<const size_t> scored,
                         size_t first, const LogitsFn& each) {
  const size_t vocabulary = model_.vocabulary;
  const size_t most = std::max<size_t>(16, kLogitsBytes / (vocabulary * sizeof(float)));
  Buffer<float> logits, chosen;
  for (size_t at = 0; at < scored.size(); at += most) {
    const size_t n = std::min(most, scored.size() - at);
    chosen.ensure(n * hidden.cols);
    const Matrix<float> rows(chosen.data(), n, hidden.cols);
    for (size_t i = 0; i < n; ++i)
      std::copy_n(hidden.row(scored[at + i] - begin), hidden.cols, rows.row(i));
    logits.ensure(n * vocabulary);
    const Matrix<float> block(logits.data(), n, vocabulary);
    forward_.logits(rows, block);
    each(first + at, block);
  }
}

Result<GenerationResult> Session::generate(const Generation& generation, const TextFn& on_text) {
  FATHOM_CHECK(check(generation.sampling));
  if (read() == 0) return Error{"nothing to generate from: the prompt has no tokens"};
  const Stopwatch watch;
  Sampler sampler(generation.sampling);
  StopStrings stop(generation.stop);
  Utf8Stream characters;
  GenerationResult result;
  result.reason = StopReason::max_tokens;
  const auto show = [&](const std::string& text) {
    if (generation.keep_text) result.text += text;
    return !on_text || on_text(text);
  };

  while (result.tokens < generation.max_tokens) {
    const TokenId token = sampler.sample(logits(), tokens_);
    if (!generation.past_end && engine_.tokenizer().ends_generation(token)) {
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
    if (read() == options_.context) {
      result.reason = StopReason::context_full;
      break;
    }
    FATHOM_TRY(const ConstMatrix<float> hidden, step({&token, 1}, true));
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
  cache_.clear();
  attention_->clear();
  text_ends_ = {};
  tokens_.clear();
  recalled_ = 0;
  read_seconds_ = 0;
}

}  // namespace fathom
