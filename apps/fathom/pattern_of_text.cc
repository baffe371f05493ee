#include "pattern_of_text.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "command.h"
#include "fathom/engine/engine.h"
#include "interrupt.h"
#include "model_flags.h"
#include "pattern_report.h"
#include "terminal.h"
#include "text_file.h"

namespace fathom {
namespace {

// A model, and the tokens that it reads.
struct Reading {
  std::unique_ptr<Engine> engine;
  std::vector<TokenId> tokens;
};

Result<Reading> open(const PatternFlags& flags) {
  FATHOM_TRY(const std::string text, read_text(flags.file));
  Reading reading;
  FATHOM_TRY(reading.engine, Engine::load({.model = flags.model}));
  const Tokenizer& tokenizer = reading.engine->tokenizer();
  const Vocabulary& vocabulary = tokenizer.vocabulary();
  if (vocabulary.add_bos && vocabulary.bos) reading.tokens.push_back(*vocabulary.bos);
  const Status encoded = tokenizer.encode(text, true, reading.tokens);
  if (!encoded.ok()) return Error{flags.file + ": " + encoded.error().message};
  if (reading.tokens.empty()) return Error{flags.file + ": is empty"};
  return reading;
}

// Keeps as many tokens as were asked for. Errors name the flag.
Status cut(const PatternFlags& flags, Reading& reading) {
  const auto there = static_cast<int64_t>(reading.tokens.size());
  const int64_t tokens = flags.tokens.value_or(there);
  if (tokens > there)
    return Error{"--tokens " + std::to_string(tokens) + ": " + flags.file + " has " +
                 std::to_string(there)};
  FATHOM_CHECK(check_tokens(tokens, flags));
  reading.tokens.resize(static_cast<size_t>(tokens));
  return check_context("--tokens", reading.tokens.size(), reading.engine->model());
}

// Where the model has its layer and head. Errors name the flag.
Result<Placement> place(const PatternFlags& flags, const ModelSpec& model) {
  Placement at = flags.placement;
  if (at.layer >= model.layers.size())
    return Error{"--layer " + std::to_string(at.layer) + ": the model has layers 0 to " +
                 std::to_string(model.layers.size() - 1)};
  at.heads = model.layers[at.layer].attention.heads;
  if (at.head >= at.heads)
    return Error{"--head " + std::to_string(at.head) + ": the layer has heads 0 to " +
                 std::to_string(at.heads - 1)};
  return at;
}

// Reads the text and reports each step's plans of the head at `at`.
Status show(const Reading& reading, const SessionOptions& options, const Placement& at,
            PatternReport& report) {
  Status reported;
  FATHOM_TRY(const auto session, Session::open(*reading.engine, options));
  session->watch_plans(
      [&](size_t layer, PositionRange queries, const AttentionLayer::Plans& plans) {
        if (layer == at.layer && reported.ok())
          reported = report.add(*plans.of_head[at.head], {queries, {{0}, queries.end}});
      });
  Status read = [&] {
    ProgressLine line("reading");
    return session->prefill(reading.tokens, [&](const Progress& progress) {
      line.show(progress);
      return reported.ok() && !interrupted();
    });
  }();
  if (!reported.ok()) return reported;
  if (!read.ok()) return read;
  return report.finish();
}

int shown(const Status& status) {
  if (status.ok()) return kDone;
  failed(status.error());
  return interrupted() ? kInterrupted : kFailed;
}

}  // namespace

int draw_pattern_of_text(const PatternFlags& flags, const PatternMap& attention) {
  auto reading = open(flags);
  if (!reading.ok()) return failed(reading.error());
  const Status fits = cut(flags, *reading);
  if (!fits.ok()) return misused(fits.error());
  const ModelSpec& model = reading->engine->model().spec;
  const auto heads = patterns_of(model, attention);
  if (!heads.ok()) return misused(heads.error());
  const auto at = place(flags, model);
  if (!at.ok()) return misused(at.error());

  PatternFlags of_head = flags;
  of_head.placement = *at;
  const Pattern& pattern = *heads->patterns[heads->of_head[at->layer][at->head]];
  const size_t tokens = reading->tokens.size();
  PatternReport report(report_options(of_head, pattern, static_cast<int64_t>(tokens)));
  catch_interrupt();
  SessionOptions options = {.context = tokens, .attention = attention, .chunk = flags.chunk};
  options.kv.drop_unseen = false;  // plans are then about positions
  return shown(show(*reading, options, *at, report));
}

}  // namespace fathom
