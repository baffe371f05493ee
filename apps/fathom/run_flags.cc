#include "run_flags.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "cache_flags.h"
#include "fathom/text/chat_template.h"
#include "fathom/text/utf8.h"
#include "text_file.h"

namespace fathom {
namespace {

// One value a flag, so that what follows it is never taken for another.
CLI::Option* repeatable(CLI::Option& option) {
  return option.expected(1)->allow_extra_args(false)->multi_option_policy(
      CLI::MultiOptionPolicy::TakeAll);
}

void add_prompt_flags(CLI::App& app, RunFlags& flags) {
  auto* file =
      app.add_option("-f,--file", flags.files, "A document; may be repeated; - is standard input");
  repeatable(*file)->check(file_name())->type_name("FILE");
  app.add_option("-p,--prompt", flags.question, "The question, which comes after the documents");
  app.add_option("--system", flags.system, "The system message");
  auto* chat_template = app.add_option("--chat-template", flags.chat_template,
                                       "The prompt's form, where the model's own is not known");
  std::string names;
  for (const std::string_view name : ChatTemplate::names())
    names += (names.empty() ? "" : "|") + std::string(name);
  chat_template->type_name(names);
  app.add_flag("--raw", flags.raw, "No chat template: documents and question joined as they are")
      ->excludes(chat_template);
}

void add_length_flags(CLI::App& app, RunFlags& flags) {
  app.add_option("-n,--predict", flags.generation.max_tokens,
                 "Most tokens of the answer (default: 256)")
      ->check(whole_number(0, kMostTokens));
  app.add_option(
         "-c,--ctx-size", flags.session.context,
         "Most tokens, prompt and answer (default: what the model was trained for; with --rope "
         "what that reaches or the text needs; no end with --kv streaming or fifo)")
      ->check(whole_number(1, kMostTokens));
  app.add_option(
         "-b,--chunk", flags.session.chunk,
         "Tokens read at a time (default: 512); what is kept of a text is kept for one size")
      ->check(whole_number(1, 1 << 20));
}

void add_sampling_flags(CLI::App& app, Generation& generation) {
  SamplingOptions& sampling = generation.sampling;
  app.add_option("--temp", sampling.temperature,
                 "Temperature; 0 takes the likeliest token, best for questions about documents "
                 "(default: 0)")
      ->check(number("from 0 on", [](double x) { return x >= 0 && x < INFINITY; }));
  app.add_option("--top-k", sampling.top_k, "Draw from the k likeliest; 0: all (default: 0)")
      ->check(whole_number(0, INT64_MAX));
  app.add_option("--top-p", sampling.top_p,
                 "Draw from the likeliest that make up this probability (default: 1)")
      ->check(number("over 0 and up to 1", [](double x) { return x > 0 && x <= 1; }));
  app.add_option("--min-p", sampling.min_p,
                 "Draw from those at least this fraction as likely as the likeliest (default: 0)")
      ->check(number("from 0 to 1", [](double x) { return x >= 0 && x <= 1; }));
  app.add_option("--repeat-penalty", sampling.repetition_penalty,
                 "Over 1: makes the last 64 tokens less likely (default: 1)")
      ->check(number("over 0", [](double x) { return x > 0 && x < INFINITY; }));
  app.add_option("-s,--seed", sampling.seed, "Of the draws; same seed, same text (default: 0)")
      ->check(whole_number(0, UINT64_MAX))
      ->envname("FATHOM_SEED");
  app.add_flag("--ignore-eos", generation.past_end,
               "Go on where the model would end its answer, up to -n");
  repeatable(*app.add_option("--stop", generation.stop,
                             "End the answer before this text; may be repeated"));
}

Status check_utf8(std::string_view flag, const std::string& text) {
  if (const auto offset = find_invalid_utf8(text))
    return Error{std::string(flag) + ": not UTF-8 at byte " + std::to_string(*offset)};
  return {};
}

}  // namespace

void add_run_flags(CLI::App& app, RunFlags& flags) {
  add_model_flags(app, flags.model);
  add_prompt_flags(app, flags);
  add_length_flags(app, flags);
  add_rope_flag(app, flags.model.rope);
  add_sampling_flags(app, flags.generation);
  app.add_flag("--no-cache", flags.no_cache,
               "Keep nothing of the text on disk, and read it whole even if it is kept");
  add_cache_limit(app, flags.cache_limit);
  app.add_option(
         "--kv-trace", flags.kv_trace,
         "Write which tokens each layer and head kept, whenever the policy of --kv dropped "
         "some: a file of one JSON object a line; the text is then read, whatever was kept of it")
      ->type_name("FILE")
      ->check(file_name());
  app.add_flag("--json", flags.json, "Print one JSON object with the answer and all figures");
  app.add_flag("-q,--quiet", flags.quiet, "Print the answer alone");
  app.footer(
      "Examples:\n"
      "  fathom run -m smollm2-135m -f report.txt -p 'What does the report recommend?'\n"
      "  fathom run -m smollm2-135m -f old.md -f new.md -p 'What changed?' -n 100\n"
      "  git log | fathom run -m smollm2-135m -f - -p 'Summarise.' --json\n"
      "  fathom run -m gemma3-270m -f story.txt --temp 0.8 --top-p 0.95 -s 7");
}

Status check(const RunFlags& flags) {
  if (flags.files.empty() && flags.question.empty())
    return Error{"nothing to read: give documents with -f, a question with -p, or both"};
  if (std::count(flags.files.begin(), flags.files.end(), "-") > 1)
    return Error{"-f -: standard input can be read only once"};
  for (const std::string& stop : flags.generation.stop)
    if (stop.empty()) return Error{"--stop: must not be empty"};
  FATHOM_CHECK(check_utf8("-p", flags.question));
  FATHOM_CHECK(check_utf8("--system", flags.system));
  for (const std::string& stop : flags.generation.stop) FATHOM_CHECK(check_utf8("--stop", stop));
  if (!flags.chat_template.empty()) {
    const auto known = ChatTemplate::named(flags.chat_template);
    if (!known.ok()) return known.error();
  }
  return {};
}

std::vector<std::string> without_effect(const CLI::App& app, const RunFlags& flags) {
  std::vector<std::string> found;
  if (flags.generation.sampling.temperature == 0)
    for (const char* name : {"--top-k", "--top-p", "--min-p", "--seed"})
      if (app.count(name) > 0) found.push_back(std::string(name) + " changes nothing at --temp 0");
  const auto isa = parse_isa(flags.model.isa);
  if (isa.ok() && !multiplies_bytes(*isa) &&
      (flags.model.precision == "int8" || flags.model.precision == "fast"))
    found.emplace_back("--precision " + flags.model.precision + " is bf16 on " +
                       std::string(name(*isa)) + ", which has no products of bytes");
  const auto kv = parse_kv_spec(flags.model.kv);
  if (kv.ok() && app.count("--kv-split") > 0 &&
      (!kv->policy->budget() || kv->policy->shares_layer()))
    found.push_back("--kv-split changes nothing with --kv " + kv->spec());
  if (kv.ok() && app.count("--kv-trace") > 0 && !kv->policy->budget() && !kv->policy->reach())
    found.push_back("--kv-trace has nothing to say of --kv " + kv->spec() +
                    ", which keeps everything");
  if (flags.raw && app.count("--system") > 0)
    found.emplace_back("--system changes nothing with --raw");
  return found;
}

}  // namespace fathom
