#include "eval_flags.h"

#include <algorithm>
#include <charconv>

#include "text_file.h"

namespace fathom {
namespace {

// All values of a flag, in their order; its default where it was not given.
std::vector<std::string> all_of(const CLI::App& app, const std::string& flag,
                                const std::string& usual) {
  std::vector<std::string> given = app.get_option(flag)->results();
  if (given.empty()) given.push_back(usual);
  return given;
}

// What a technique is given as.
struct Choice {
  std::string attn = "model";
  std::string kv = "keep";
  std::string rope = "auto";
};

std::vector<Choice> combinations(const CLI::App& app) {
  std::vector<Choice> choices;
  for (const std::string& attn : all_of(app, "--attn", "model"))
    for (const std::string& kv : all_of(app, "--kv", "keep"))
      for (const std::string& rope : all_of(app, "--rope", "auto"))
        choices.push_back({.attn = attn, .kv = kv, .rope = rope});
  return choices;
}

// "5,11: ", the layers without a window of their own, where others have one: those were trained to
// see what is near and nothing else. Empty: all layers are alike.
std::string layers_that_see_all(const ModelSpec& model) {
  std::string layers;
  size_t count = 0;
  for (size_t i = 0; i < model.layers.size(); ++i) {
    if (model.layers[i].attention.window) continue;
    layers += (layers.empty() ? "" : ",") + std::to_string(i);
    ++count;
  }
  return count == 0 || count == model.layers.size() ? "" : layers + ": ";
}

// The best and the plainest of each kind, at about 25, 12.5 and 6 % of a text's pairs or tokens.
std::vector<Choice> overview(size_t longest, const ModelSpec& model) {
  const std::string layers = layers_that_see_all(model);
  std::vector<Choice> choices(1);
  for (const char* kv : {"q8", "q4"}) choices.push_back({.kv = kv});
  const auto tokens = [longest](double share, size_t unit) {
    const auto whole = static_cast<size_t>(share * static_cast<double>(longest));
    return std::to_string(std::max<size_t>(1, whole / unit));
  };
  // A window of w tokens scores w / n * (2 - w / n) of the pairs of n.
  for (const double share : {0.134, 0.0646, 0.0317}) {
    choices.push_back({.attn = layers + "streaming(sinks=4, window=" + tokens(share, 1) + ")"});
    choices.push_back({.attn = layers + "topk_blocks(block=64, keep=" + tokens(share, 64) +
                               ") | sinks(count=4)"});
  }
  choices.push_back({.attn = layers + "sample(coverage=0.95)"});
  for (const char* budget : {"0.25", "0.125", "0.0625"})
    for (const char* policy : {"snapkv", "expected", "h2o", "fifo", "random"})
      choices.push_back({.kv = std::string(policy) + "(budget=" + budget + ")"});
  choices.push_back({.kv = "q4; snapkv(budget=0.125)"});
  return choices;
}

Result<Technique> technique_of(const Choice& choice, const ModelFlags& flags) {
  ModelFlags one = flags;
  one.attention = choice.attn;
  one.kv = choice.kv;
  one.rope = choice.rope;
  FATHOM_TRY(ModelSettings settings, check(one));
  Technique technique{.attn = choice.attn,
                      .kv = choice.kv,
                      .kv_split = flags.kv_split,
                      .rope = choice.rope,
                      .options = {}};
  technique.options.attention = std::move(settings.attention);
  technique.options.kv = std::move(settings.kv);
  technique.options.rope = std::move(settings.rope);
  return technique;
}

CLI::Validator lengths() {
  return {[](std::string& text) {
            const auto lengths = parse_lengths(text);
            return lengths.ok() ? std::string() : lengths.error().message;
          },
          ""};
}

void add_own_flags(CLI::App& app, const Task& task, EvalFlags& flags) {
  for (const TaskFlag& flag : task.flags) {
    CLI::Option* option = app.add_option(std::string(flag.name), flags.own[std::string(flag.name)],
                                         std::string(flag.help))
                              ->type_name(std::string(flag.value))
                              ->allow_extra_args(false);
    if (!flag.repeatable) option->expected(1);
  }
}

}  // namespace

Result<std::vector<size_t>> parse_lengths(const std::string& text) {
  std::vector<size_t> lengths;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (true) {
    size_t length = 0;
    const auto [stop, error] = std::from_chars(at, end, length);
    const bool thousands = error == std::errc() && stop != end && (*stop == 'k' || *stop == 'K');
    const char* const next = stop + (thousands ? 1 : 0);
    if (error != std::errc() || length == 0 || length > kMostTokens ||
        (next != end && *next != ','))
      return Error{"'" + text + "' is not a list of numbers of tokens, as 512,2k,8k"};
    lengths.push_back(length * (thousands ? 1024 : 1));
    if (next == end) break;
    at = next + 1;
  }
  std::ranges::sort(lengths);
  lengths.erase(std::ranges::unique(lengths).begin(), lengths.end());
  return lengths;
}

void add_eval_flags(CLI::App& app, const Task& task, EvalFlags& flags) {
  add_model_flags(app, flags.model);
  add_rope_flag(app, flags.model.rope);
  for (const char* name : {"--attn", "--kv", "--rope"})
    app.get_option(name)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->description(app.get_option(name)->get_description() +
                      "; may be given several times: all combinations are compared");
  app.add_flag(
         "--overview", flags.overview,
         "Compare two dozen techniques: patterns, cache types and policies, at about 25, 12.5 "
         "and 6 % of the pairs or tokens")
      ->excludes("--attn")
      ->excludes("--kv")
      ->excludes("--rope");
  if (task.text != TextUse::unused) {
    CLI::Option* files =
        app.add_option("-f,--file", flags.files, "The text to measure on; - is standard input")
            ->check(file_name())
            ->allow_extra_args(false);
    if (task.text == TextUse::needed) files->required();
  }
  app.add_option("--lengths,--window", flags.lengths,
                 "Tokens of a sample, prompt and answer: 1k,2k,8k (default: " +
                     std::string(task.usual_lengths) + ", as far as the model was trained)")
      ->type_name("LIST")
      ->check(lengths());
  app.add_option("--samples", flags.samples,
                 "Samples of each length and kind (default: " +
                     (task.usual_samples == 0 ? "as many as the text has"
                                              : std::to_string(task.usual_samples)) +
                     ")")
      ->type_name("N")
      ->check(whole_number(1, 10'000));
  app.add_option("--depths", flags.depths,
                 "In how many places of a text something is put, where a task does (default: 10)")
      ->check(whole_number(1, 100));
  app.add_option("--seed", flags.seed, "Other samples of the same kind (default: 1)")
      ->check(whole_number(0, UINT32_MAX));
  app.add_option("-b,--chunk", flags.chunk,
                 "Tokens read at a time (default: 512); 1 reads as decoding does")
      ->check(whole_number(1, 1 << 20));
  app.add_flag("--raw", flags.raw, "Ask in plain text, without the model's chat template");
  app.add_option("--out", flags.out,
                 "Keep every sample's result here, with tables and pictures: results.jsonl, "
                 "results.csv, report.html; a run that was stopped goes on")
      ->type_name("DIR")
      ->check(file_name());
  app.add_flag("--json", flags.json, "Print one JSON object");
  add_own_flags(app, task, flags);
  const std::string command = "  fathom eval " + std::string(task.name) + " -m ";
  app.footer("Examples:\n" + command + "smollm2-135m " + std::string(task.example) + "\n" +
             command + "my.gguf" + (task.text == TextUse::unused ? "" : " -f my.txt") +
             " --overview --out found");
}

Result<std::vector<Technique>> techniques_of(const CLI::App& app, const EvalFlags& flags,
                                             size_t longest, const ModelSpec& model) {
  std::vector<Technique> techniques;
  for (const Choice& choice : flags.overview ? overview(longest, model) : combinations(app)) {
    FATHOM_TRY(Technique technique, technique_of(choice, flags.model));
    techniques.push_back(std::move(technique));
  }
  return techniques;
}

}  // namespace fathom
