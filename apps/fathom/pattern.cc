// fathom pattern SPEC: which pairs of queries and keys the planner makes of a pattern.
#include <algorithm>
#include <memory>
#include <string>

#include "command.h"
#include "fathom/attention/head_plan.h"
#include "fathom/attention/key_index.h"
#include "fathom/attention/pattern_map.h"
#include "fathom/base/stopwatch.h"
#include "model_flags.h"
#include "pattern_flags.h"
#include "pattern_of_text.h"
#include "pattern_report.h"
#include "text_file.h"

namespace fathom {
namespace {

constexpr int64_t kTokens = 64;  // unless --tokens is given
constexpr int64_t kChunk = 512;  // tokens planned at a time, as a prefill does

// Whether keys, and not their positions alone, settle what the pattern sees.
bool depends_on_content(const Pattern& pattern, int64_t tokens) {
  return pattern.index({.head_dim = 64, .context = tokens}) != nullptr;
}

// One that positions settle, of `tokens` tokens.
Result<PatternPtr> choose_pattern(const PatternFlags& flags, const PatternMap& attention,
                                  int64_t tokens) {
  FATHOM_CHECK(check_tokens(tokens, flags));
  const Placement& at = flags.placement;
  if (at.head >= at.heads)
    return Error{"--head " + std::to_string(at.head) + ": heads count from 0, and --heads is " +
                 std::to_string(at.heads)};
  PatternPtr pattern = attention.pattern_for(at);
  if (depends_on_content(*pattern, tokens) && flags.bidirectional)
    return Error{pattern->spec() + " depends on content, and is causal: leave out --bidirectional"};
  if (depends_on_content(*pattern, tokens))
    return Error{pattern->spec() + " depends on content: give -m MODEL and -f FILE"};
  return pattern;
}

Status show(const PatternPtr& pattern, const PatternFlags& flags, int64_t tokens) {
  const bool causal = !flags.bidirectional;
  PatternReport report(report_options(flags, *pattern, tokens));
  for (int64_t begin = 0; begin < tokens; begin += kChunk) {
    const int64_t end = std::min(begin + kChunk, tokens);
    const PlanRequest request = {
        .queries = {{begin}, {end}}, .keys = {{0}, {causal ? end : tokens}}, .causal = causal};
    const Stopwatch watch;
    const HeadPlan plan = plan_head(pattern, request, tokens);
    report.add_seconds(watch.seconds());
    FATHOM_CHECK(report.add(plan, request));
  }
  return report.finish();
}

int draw_pattern(const PatternFlags& flags) {
  const auto attention = parse_attention(flags.spec);
  if (!attention.ok()) return misused(attention.error());
  if (!flags.model.empty()) return draw_pattern_of_text(flags, attention.value());
  const int64_t tokens = flags.tokens.value_or(kTokens);
  const auto pattern = choose_pattern(flags, attention.value(), tokens);
  if (!pattern.ok()) return misused(pattern.error());
  const Status shown = show(pattern.value(), flags, tokens);
  return shown.ok() ? kDone : failed(shown.error());
}

void add_text_flags(CLI::App& app, PatternFlags& flags) {
  auto* model = app.add_option("-m,--model", flags.model,
                               "Show what this model scores, a pulled one or a GGUF file, ...");
  auto* file =
      app.add_option("-f,--file", flags.file, "... while it reads this; - is standard input")
          ->check(file_name());
  model->needs(file);
  file->needs(model);
  app.add_option("--chunk", flags.chunk,
                 "Tokens read at a time (default: 512); 1 shows what decoding scores")
      ->check(whole_number(1, kMostTokens))
      ->needs(model);
  model->excludes(app.get_option("--bidirectional"))->excludes(app.get_option("--heads"));
}

void add_head_flags(CLI::App& app, Placement& placement) {
  app.add_option("--layer", placement.layer, "The layer (default: 0)")
      ->check(whole_number(0, kMostTokens));
  app.add_option("--head", placement.head, "The query head (default: 0)")
      ->check(whole_number(0, kMostTokens));
  app.add_option("--heads", placement.heads, "Query heads of the layer (default: 1)")
      ->check(whole_number(1, kMostTokens));
}

void add_output_flags(CLI::App& app, PatternFlags& flags) {
  app.add_flag("--json", flags.json,
               "Print one JSON object: tokens, rows (each query's keys), active, full, fraction, "
               "spec, layer, head, bidirectional; without -m also plan_seconds");
  auto* count = app.add_flag("--count", flags.count, "Count alone, no drawing, no rows");
  app.add_option("--svg", flags.svg, "Draw into this file too")
      ->type_name("FILE")
      ->check(file_name())
      ->excludes(count);
}

}  // namespace

Command pattern_command(CLI::App& program) {
  const auto flags = std::make_shared<PatternFlags>();
  CLI::App* app =
      program.add_subcommand("pattern", "Draw and count the pairs that a pattern scores");
  app->add_option("spec", flags->spec, "A pattern, as --attn has it: see 'fathom patterns'")
      ->required()
      ->type_name("SPEC");
  app->add_option("--tokens", flags->tokens,
                  "Tokens of the text, from its first (default: 64; all of a file)")
      ->check(whole_number(1, kMostTokens));
  app->add_flag("--bidirectional", flags->bidirectional,
                "Queries see keys after themselves too, as in encoders");
  add_head_flags(*app, flags->placement);
  add_text_flags(*app, *flags);
  add_output_flags(*app, *flags);
  app->footer(
      "What is drawn is the planner's work, which is what attention then does.\n"
      "\n"
      "Examples:\n"
      "  fathom pattern 'window(size=16) | sinks'\n"
      "  fathom pattern 'strided(stride=8) | window(size=8)' --bidirectional --svg strided.svg\n"
      "  fathom pattern multiscale --tokens 1000 --head 5 --heads 9\n"
      "  fathom pattern bigbird --tokens 1000000 --count\n"
      "  fathom pattern 'topk_blocks(keep=4)' -m smollm2-135m -f report.txt --layer 3 --head 8");
  return {app, [flags] { return draw_pattern(*flags); }};
}

}  // namespace fathom
