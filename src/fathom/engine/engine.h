// Fathom's public face: load a model, open a session, read a document, ask.
//
//   auto engine = Engine::load({.model = "smollm2-135m"});
//   Session session(**engine, {.context = 8192});
//   session.prefill(prompt, progress);
//   session.generate({.max_tokens = 100}, [](std::string_view text) { ...; return true; });
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fathom/attention/pattern_map.h"
#include "fathom/base/progress.h"
#include "fathom/base/result.h"
#include "fathom/base/thread_pool.h"
#include "fathom/engine/head_patterns.h"
#include "fathom/engine/prefix_options.h"
#include "fathom/engine/sequence_attention.h"
#include "fathom/engine/session_cache.h"
#include "fathom/kernels/compute.h"
#include "fathom/model/forward.h"
#include "fathom/model/model.h"
#include "fathom/model/rope_scaling.h"
#include "fathom/sample/sampler.h"
#include "fathom/text/text_ends.h"

namespace fathom {

// What products multiply in; sums are f32 or better in all (docs/accuracy.md measures them).
enum class Precision : uint8_t {
  f32,   // everything in f32
  bf16,  // attention, its cache and projections in bf16; these in 16-bit integers where the ISA
         // does not multiply bf16: the default
  int8,  // as bf16, but queries and keys in 8 bits
  fast,  // as int8, and activations in 8 bits too; both are bf16 where the ISA has no such products
};
std::string_view name(Precision precision);
std::span<const Precision> all_precisions();

struct EngineOptions {
  std::string model;   // a name known to the model store, or a path to a GGUF file
  size_t threads = 0;  // 0: one per available core
  Isa isa = best_isa();
  Precision precision = Precision::bf16;
};

class Engine {
 public:
  static Result<std::unique_ptr<Engine>> load(const EngineOptions& options);

  const Model& model() const { return *model_; }
  const Tokenizer& tokenizer() const { return *model_->tokenizer; }
  const Compute& compute() const { return compute_; }
  Precision precision() const { return precision_; }
  size_t threads() const { return pool_.size(); }

 private:
  Engine(const EngineOptions& options, std::unique_ptr<Model> model);

  ThreadPool pool_;
  Compute compute_;
  Precision precision_;
  std::unique_ptr<Model> model_;
};

struct SessionOptions {
  // Most tokens, prompt and answer; 0: what the model was trained for or `rope` reaches, or, under
  // a cache policy that goes by position (KvReach), no end.
  size_t context = 0;
  // What each head's queries see; of what it does not name, as the model has it.
  PatternMap attention;
  KvOptions kv = {};      // how the cache stores what, and what it keeps
  RopeScaling rope = {};  // how positions become angles; settled by the context
  size_t chunk = 512;     // tokens a prefill step
  // Where a text is kept as it is read, so that it is read only once; none: nowhere.
  std::optional<PrefixOptions> prefixes = std::nullopt;
};

struct Generation {
  size_t max_tokens = 256;
  std::vector<std::string> stop;  // generation ends before the first of these
  SamplingOptions sampling;
  bool past_end = false;  // goes on where the model would end its answer
  bool keep_text = true;  // GenerationResult::text; an endless stream may do without
};

enum class StopReason : uint8_t { end_of_text, stop_string, max_tokens, context_full, cancelled };
std::string_view name(StopReason reason);

struct GenerationResult {
  std::string text;
  size_t tokens = 0;
  double seconds = 0;
  StopReason reason = StopReason::end_of_text;
};

// One sequence: its cache, and the tokens in it.
class Session {
 public:
  // Error: the context is longer than the model was trained for and nothing scales its RoPE, the
  // scaling does not fit the model, `attention` names a layer or head
  // that the model does not have, or it and the cache policy make no sense together.
  static Result<std::unique_ptr<Session>> open(Engine& engine, const SessionOptions& options);

  // Appends tokens in chunks; of a text that is kept, the beginning need not be read. Error: they
  // do not fit the context (both numbers and what to do), memory ran out, or `progress` asked to
  // stop. Afterwards logits() are those after the last token.
  Status prefill(std::span<const TokenId> tokens, const ProgressFn& progress = {});

  // Appends tokens and hands the logits after those at `scored`, ascending indices of `tokens`, to
  // `each`, in blocks of rows: row r of a call with `first` belongs to tokens[scored[first + r]].
  // Logits are never held for more than a block, whatever the vocabulary. Errors as prefill()'s.
  using LogitsFn = std::function<void(size_t first, ConstMatrix<float> logits)>;
  Status score(std::span<const TokenId> tokens, std::span<const size_t> scored,
               const LogitsFn& each, const ProgressFn& progress = {});

  // Generates from the current state. `on_text` is called after every token with what text is
  // ready, whole characters only and possibly none; returning false cancels. The last token is not
  // read back into the cache. Errors: nothing was read yet, a sampling option out of range, memory
  // ran out.
  using TextFn = std::function<bool(std::string_view)>;
  Result<GenerationResult> generate(const Generation& generation, const TextFn& on_text = {});

  void clear();  // forgets every token and frees their cache

  std::span<const float> logits() const { return logits_.span(); }
  size_t read() const { return cache_.cache().tokens(); }  // tokens, since clear()
  // Those tokens; of an endless session, the newest.
  std::span<const TokenId> tokens() const { return tokens_; }
  size_t recalled() const { return recalled_; }  // how many were kept, and not read
  size_t context() const { return options_.context; }
  double read_seconds() const { return read_seconds_; }  // spent on reading, since clear()
  // How far apart a query and its keys may be, plus one: what RoPE has to reach.
  size_t span() const { return span_of(options_); }
  bool has_end() const { return options_.context != kNoEnd; }
  // The model as this session runs it: with the RoPE of its context.
  const ModelSpec& model() const { return model_; }
  // The cache, and what attention keeps beside it.
  size_t kv_bytes() const { return cache_.bytes() + attention_->bytes(); }
  KvCount kv_count() const { return cache_.count(); }
  // Told what each head holds, whenever the cache's policy dropped some of it.
  void trace_kept(Eviction::Trace trace) {
    if (cache_.eviction() != nullptr) cache_.eviction()->set_trace(std::move(trace));
  }
  // Of all layers and heads, of all that was read since the session was opened. The mass that
  // patterns keep is measured unless they hide nothing.
  const AttentionCount& attention_count() const { return attention_->count(); }
  // Watches what is planned for each layer's queries.
  void watch_plans(SequenceAttention::Watcher watcher) { attention_->watch(std::move(watcher)); }

 private:
  static constexpr size_t kNoEnd = size_t{1} << 40;  // a context that no text fills
  Session(Engine& engine, const SessionOptions& options, const Compute& compute, ModelSpec model,
          HeadPatterns heads, SlabSource slabs);
  static size_t span_of(const SessionOptions& options);
  bool is_endless() const { return options_.kv.spec.policy->reach().has_value(); }
  void keep_prefixes(const PrefixOptions& prefixes);
  // Fills the empty cache with what is kept of a text; returns how many tokens that is.
  size_t recall(std::span<const TokenId> tokens);
  void append_recalled();
  Status check_room(size_t count) const;
  Status read_prompt(std::span<const TokenId> tokens, const ProgressFn& progress);
  // Runs a chunk through the model and commits it. The hidden states are valid until the next step.
  // Error: memory ran out; where it did so within a step, the session has forgotten its text.
  Result<ConstMatrix<float>> step(std::span<const TokenId> tokens, bool decoding = false);
  Result<ConstMatrix<float>> read_chunk(std::span<const TokenId> tokens, bool decoding);
  // Hands on the logits of some of a step's tokens; `begin` is the first one's index in the text.
  void score_rows(ConstMatrix<float> hidden, size_t begin, std::span<const size_t> scored,
                  size_t first, const LogitsFn& each);
  // logits() of one token's hidden state. Error: they are not numbers.
  Status read_logits(ConstMatrix<float> hidden);

  Engine& engine_;
  SessionOptions options_;
  Compute compute_;
  ModelSpec model_;
  HeadPatterns heads_;
  bool measures_;  // what the patterns keep of full attention
  SessionCache cache_;
  Forward forward_;
  std::unique_ptr<SequenceAttention> attention_;
  std::optional<PrefixRecorder> recorder_;  // none: texts are not kept
  size_t recalled_ = 0;
  double read_seconds_ = 0;
  TextEnds text_ends_;
  std::vector<TokenId> tokens_;
  Buffer<float> logits_;
};

}  // namespace fathom
