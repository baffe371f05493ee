// RULER: 13 configurations of finding, tracing, counting and answering in a text of a given length
// (ruler.h). A length counts as effective where their mean is at least Llama-2-7B's at 4K, 85.6 %.
#include "fathom/eval/ruler.h"

#include <algorithm>
#include <array>
#include <memory>
#include <numeric>
#include <utility>

#include "fathom/eval/haystack.h"
#include "fathom/eval/qa_file.h"
#include "fathom/eval/recipe.h"
#include "fathom/eval/string_match.h"

namespace fathom::tasks {
namespace {

using ruler::Niah;

enum class Family : uint8_t { niah, tracking, common_words, frequent_words, squad, hotpot };

struct Configuration {
  std::string_view name;
  Family family;
  Niah niah = {};
};

constexpr auto kConfigurations = std::to_array<Configuration>({
    {"niah_single_1", Family::niah, {.hay = Niah::Hay::noise}},
    {"niah_single_2", Family::niah},
    {"niah_single_3", Family::niah, {.values = Niah::Kind::uuid}},
    {"niah_multikey_1", Family::niah, {.key_count = 4}},
    {"niah_multikey_2", Family::niah, {.hay = Niah::Hay::needles}},
    {"niah_multikey_3",
     Family::niah,
     {.hay = Niah::Hay::needles, .keys = Niah::Kind::uuid, .values = Niah::Kind::uuid}},
    {"niah_multivalue", Family::niah, {.values_per_key = 4}},
    {"niah_multiquery", Family::niah, {.key_count = 4, .queries = 4}},
    {"vt", Family::tracking},
    {"cwe", Family::common_words},
    {"fwe", Family::frequent_words},
    {"qa_1", Family::squad},
    {"qa_2", Family::hotpot},
});

const Configuration* find(std::string_view name) {
  const auto found = std::ranges::find(kConfigurations, name, &Configuration::name);
  return found == kConfigurations.end() ? nullptr : &*found;
}

Error unknown(const std::string& name) {
  std::string known;
  for (const Configuration& c : kConfigurations) known.append(" ").append(c.name);
  return {"--tasks: '" + name + "' is none of" + known};
}

// Of --tasks: names with commas between; all where it is not given.
Result<std::vector<const Configuration*>> chosen_configurations(const TaskInput& input) {
  std::vector<const Configuration*> chosen;
  const std::optional<std::string> list = input.flag("--tasks");
  for (size_t begin = 0; list && begin <= list->size();) {
    const size_t end = std::min(list->find(',', begin), list->size());
    const std::string name = list->substr(begin, end - begin);
    const Configuration* const configuration = find(name);
    if (configuration == nullptr) return unknown(name);
    if (std::ranges::find(chosen, configuration) != chosen.end())
      return Error{"--tasks: '" + name + "' is there twice"};
    chosen.push_back(configuration);
    begin = end + 1;
  }
  for (size_t i = 0; !list && i < kConfigurations.size(); ++i)
    chosen.push_back(&kConfigurations[i]);
  return chosen;
}

// Questions about documents, and the order in which samples take them.
struct QaSource {
  QaSet set;
  std::vector<size_t> order;

  QaSource(QaSet questions, uint64_t seed)
      : set(std::move(questions)), order(set.questions.size()) {
    std::iota(order.begin(), order.end(), size_t{0});
    Random(seed_of(seed, "questions")).shuffle(order);
  }
  const QaQuestion& question(size_t sample) const {
    return set.questions[order[sample % order.size()]];
  }
};

// What is given by --qa, each file for the configuration of its format; else our own.
Result<std::array<QaSet, 2>> qa_sets(const TaskInput& input) {
  std::array<QaSet, 2> sets = {own_qa(QaFormat::squad), own_qa(QaFormat::hotpot)};
  std::array<bool, 2> given = {};
  const auto files = input.flags.find("--qa");
  if (files == input.flags.end()) return sets;
  for (const std::string& path : files->second) {
    FATHOM_TRY(QaSet set, read_qa(path));
    const auto place = static_cast<size_t>(set.format);
    if (std::exchange(given[place], true))
      return Error{"--qa " + path + ": a second file of the same format as " + sets[place].name};
    sets[place] = std::move(set);
  }
  return sets;
}

struct Texts {
  Haystack essay;
  QaSource squad, hotpot;
};

class RulerRun final : public QuestionRun {
 public:
  RulerRun(PromptForm form, std::vector<Sample> samples, Texts texts, uint64_t seed)
      : QuestionRun(std::move(form), std::move(samples)), texts_(std::move(texts)), seed_(seed) {}

  Status check() const {
    return check_shortest(form(), samples(), [&](const Sample& s) { return recipe(s); });
  }

 private:
  Result<Recipe> recipe(const Sample& sample) const {
    const Configuration& configuration = *find(sample.facts["task"].get<std::string>());
    const uint64_t seed = seed_of(seed_, sample.id);
    const size_t length = sample.length;
    switch (configuration.family) {
      case Family::niah: {
        const Niah& niah = configuration.niah;
        return Recipe{niah.least(), [this, &niah, seed](size_t units) {
                        return ruler::niah(niah, texts_.essay, seed, units);
                      }};
      }
      case Family::tracking: {
        FATHOM_TRY(const Question example, tracking_example(seed));
        return Recipe{ruler::kLeastNoises, [example, seed](size_t units) {
                        return ruler::variable_tracking(example.text, seed, units);
                      }};
      }
      case Family::common_words:
        return Recipe{ruler::kLeastWords, [length, seed](size_t units) {
                        return ruler::common_words(length, seed, units);
                      }};
      case Family::frequent_words:
        return Recipe{ruler::kLeastCodedWords, [length, seed](size_t units) {
                        return ruler::frequent_words(length, seed, units);
                      }};
      case Family::squad:
        return about_documents(texts_.squad, sample, seed);
      case Family::hotpot:
        return about_documents(texts_.hotpot, sample, seed);
    }
    return Error{"unreachable"};
  }

  // Of RULER's length, or of the least filler where a tokenizer needs more for that.
  Result<Question> tracking_example(uint64_t seed) const {
    const auto make = [&](size_t noises) { return ruler::tracking_example(seed, noises); };
    FATHOM_TRY(const std::vector<TokenId> least, form().tokens(make(ruler::kLeastNoises)));
    return fill(form(), std::max(ruler::kExampleLength, least.size()), ruler::kLeastNoises, make);
  }

  static Recipe about_documents(const QaSource& source, const Sample& sample, uint64_t seed) {
    const QaQuestion& asked = source.question(sample.facts["sample"].get<size_t>());
    Random random(seed);
    const QaOrder order = order_documents(source.set, asked, true, random);
    return {order.gold, [&source, &asked, order, seed](size_t count) {
              return ruler::documents(source.set, asked, order, seed, count);
            }};
  }

  Result<Question> question(const Sample& sample) const override {
    FATHOM_TRY(const Recipe made, recipe(sample));
    return fill(form(), sample.length, made);
  }

  Json score(const Question& asked, std::string_view answer) const override {
    return {{"score", asked.any_reference ? string_match_part(answer, asked.references)
                                          : string_match_all(answer, asked.references)}};
  }

  Texts texts_;
  uint64_t seed_;
};

constexpr std::array<TaskFlag, 2> kFlags = {{
    {.name = "--tasks", .help = "these configurations only: vt,qa_1", .value = "LIST"},
    {.name = "--qa",
     .help = "questions for qa_1 (SQuAD's format) or qa_2 (HotpotQA's); else our own",
     .value = "FILE",
     .repeatable = true},
}};
constexpr std::array<Metric, 1> kMetrics = {{{.name = "score", .label = "references found"}}};
constexpr std::array<View, 1> kViews = {
    {{.kind = View::Kind::table, .of = "task", .label = "configuration"}}};
constexpr size_t kSamples = 5;

Result<std::unique_ptr<TaskRun>> open(const TaskInput& input) {
  FATHOM_TRY(const std::vector<const Configuration*> chosen, chosen_configurations(input));
  FATHOM_TRY(auto qa, qa_sets(input));
  FATHOM_TRY(Haystack essay, Haystack::of(input.texts));
  FATHOM_TRY(PromptForm form, PromptForm::of(input.engine->model(), input.raw));
  std::vector<Sample> samples;
  for (const size_t length : input.lengths) {
    for (const Configuration* const configuration : chosen) {
      for (size_t i = 0; i < (input.samples == 0 ? kSamples : input.samples); ++i) {
        const std::string name(configuration->name);
        samples.push_back({.id = name + "/" + std::to_string(length) + "/" + std::to_string(i),
                           .length = length,
                           .facts = {{"task", name}, {"sample", i}}});
      }
    }
  }
  Texts texts = {.essay = std::move(essay),
                 .squad = {std::move(qa[0]), input.seed},
                 .hotpot = {std::move(qa[1]), input.seed}};
  auto run =
      std::make_unique<RulerRun>(std::move(form), std::move(samples), std::move(texts), input.seed);
  FATHOM_CHECK(run->check());
  return std::unique_ptr<TaskRun>(std::move(run));
}

}  // namespace

extern const Task ruler;
const Task ruler = {
    .name = "ruler",
    .summary = "RULER's 13 tasks: find, trace, count and answer in a long text",
    .source = "Hsieh et al. 2024, arXiv:2404.06654",
    .example = "--lengths 1k,2k --tasks niah_single_2,vt,qa_1",
    .text = TextUse::taken,
    .flags = kFlags,
    .metrics = kMetrics,
    .views = kViews,
    .passing = 0.856,
    .usual_lengths = "1k,2k,4k,8k",
    .usual_samples = kSamples,
    .open = open,
};

}  // namespace fathom::tasks
