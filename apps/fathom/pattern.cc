// fathom pattern SPEC: which pairs of queries and keys the planner makes of a pattern.
#include <algorithm>
#include <cctype>
#include <memory>
#include <string>

#include "command.h"
#include "fathom/attention/head_plan.h"
#include "fathom/attention/key_index.h"
#include "fathom/attention/pattern_map.h"
#include "fathom/base/stopwatch.h"
#include "model_flags.h"
#include "pattern_report.h"
#include "text_file.h"

namespace fathom {
namespace {

constexpr int64_t kChunk = 512;         // tokens planned at a time, as `fathom run` reads them
constexpr int64_t kMostDrawn = 16'384;  // tokens: a full grid has 134 million pairs

struct Flags {
  std::string spec;
  int64_t tokens = 64;
  Placement placement;
  bool bidirectional = false;
  bool json = false;
  bool count = false;
  std::string svg;
};

// Whether keys, and not their positions alone, settle what the pattern sees.
bool depends_on_content(const Pattern& pattern, int64_t tokens) {
  return pattern.index({.head_dim = 64, .context = tokens}) != nullptr;
}

Result<PatternPtr> choose_pattern(const Flags& flags) {
  if (!flags.count && flags.tokens > kMostDrawn)
    return Error{"--tokens " + std::to_string(flags.tokens) + ": at most " +
                 std::to_string(kMostDrawn) +
                 " are listed or drawn; --count counts the pairs of more"};
  const Placement& at = flags.placement;
  if (at.head >= at.heads)
    return Error{"--head " + std::to_string(at.head) + ": heads count from 0, and --heads is " +
                 std::to_string(at.heads)};
  FATHOM_TRY(const PatternMap map, parse_attention(flags.spec));
  PatternPtr pattern = map.pattern_for(flags.placement);
  if (depends_on_content(*pattern, flags.tokens))
    return Error{pattern->spec() + " depends on content: give -m MODEL and -f FILE"};
  return pattern;
}

// The specification as it was given, on one line, and which head it is for.
std::string title_of(const Flags& flags) {
  std::string title = flags.spec;
  std::ranges::replace_if(title, [](unsigned char c) { return std::isspace(c) != 0; }, ' ');
  const Placement& at = flags.placement;
  if (at.layer == 0 && at.heads == 1) return title;
  return title + ", layer " + std::to_string(at.layer) + ", head " + std::to_string(at.head) +
         " of " + std::to_string(at.heads);
}

Status show(const PatternPtr& pattern, const Flags& flags) {
  const int64_t tokens = flags.tokens;
  const bool causal = !flags.bidirectional;
  PatternReport report({.title = title_of(flags),
                        .spec = pattern->spec(),
                        .tokens = tokens,
                        .causal = causal,
                        .json = flags.json,
                        .count = flags.count,
                        .svg = flags.svg});
  for (int64_t begin = 0; begin < tokens; begin += kChunk) {
    const int64_t end = std::min(begin + kChunk, tokens);
    const PlanRequest request = {
        .queries = {{begin}, {end}}, .keys = {{0}, {causal ? end : tokens}}, .causal = causal};
    const Stopwatch watch;
    const HeadPlan plan = plan_head(pattern, request, tokens);
    FATHOM_CHECK(report.add(plan, request, watch.seconds()));
  }
  return report.finish();
}

int draw_pattern(const Flags& flags) {
  const auto pattern = choose_pattern(flags);
  if (!pattern.ok()) return misused(pattern.error());
  const Status shown = show(pattern.value(), flags);
  return shown.ok() ? kDone : failed(shown.error());
}

}  // namespace

Command pattern_command(CLI::App& program) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* app =
      program.add_subcommand("pattern", "Draw and count the pairs that a pattern scores");
  app->add_option("spec", flags->spec, "A pattern, as --attn has it: see 'fathom patterns'")
      ->required()
      ->type_name("SPEC");
  app->add_option("--tokens", flags->tokens, "The text's tokens (default: 64)")
      ->check(whole_number(1, kMostTokens));
  app->add_flag("--bidirectional", flags->bidirectional,
                "Queries see keys after themselves too, as in encoders");
  app->add_option("--layer", flags->placement.layer, "The layer (default: 0)")
      ->check(whole_number(0, kMostTokens));
  app->add_option("--head", flags->placement.head, "The query head (default: 0)")
      ->check(whole_number(0, kMostTokens));
  app->add_option("--heads", flags->placement.heads, "Query heads of the layer (default: 1)")
      ->check(whole_number(1, kMostTokens));
  app->add_flag("--json", flags->json,
                "Print one JSON object: tokens, rows (each query's keys), active, full, fraction, "
                "spec, bidirectional, plan_seconds");
  auto* count = app->add_flag("--count", flags->count, "Count alone, no drawing, no rows");
  app->add_option("--svg", flags->svg, "Draw into this file too")
      ->type_name("FILE")
      ->check(file_name())
      ->excludes(count);
  app->footer(
      "What is drawn is the planner's work, which is what attention then does.\n"
      "\n"
      "Examples:\n"
      "  fathom pattern 'window(size=16) | sinks'\n"
      "  fathom pattern 'strided(stride=8) | window(size=8)' --bidirectional --svg strided.svg\n"
      "  fathom pattern 'multiscale' --tokens 1000 --head 5 --heads 9\n"
      "  fathom pattern bigbird --tokens 1000000 --count");
  return {app, [flags] { return draw_pattern(*flags); }};
}

}  // namespace fathom
