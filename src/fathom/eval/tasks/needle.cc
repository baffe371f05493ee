// Needle in a haystack: is a sentence found, wherever in a long text it stands?
//
// Kamradt 2023 (gkamradt/LLMTest_NeedleInAHaystack): his needle, question and instruction; with
// several needles, those after the first are spread evenly over the rest of the text, as there.
// Answers are scored by the text they contain, not by another model.
#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <utility>

#include "fathom/eval/haystack.h"
#include "fathom/eval/random.h"
#include "fathom/eval/recipe.h"
#include "fathom/eval/string_match.h"

namespace fathom::tasks {
namespace {

struct Hidden {
  std::vector<std::string> needles;
  std::string question;
  std::vector<std::string> answers;  // the parts of the right one
};

Hidden standard_needle() {
  return {.needles = {"The best thing to do in San Francisco is eat a sandwich and sit in Dolores "
                      "Park on a sunny day."},
          .question = "What is the best thing to do in San Francisco?",
          .answers = {"eat a sandwich", "sit in Dolores Park", "sunny day"}};
}

// The first three are Kamradt's.
constexpr auto kIngredients = std::to_array<std::string_view>(
    {"Figs", "Prosciutto", "Goat cheese", "Roasted walnuts", "Truffle honey", "Smoked paprika",
     "Pickled fennel", "Black garlic", "Lemon zest", "Caramelized onions"});

Hidden several_needles(size_t count) {
  Hidden hidden;
  hidden.question = "What are the secret ingredients needed to build the perfect pizza?";
  for (size_t i = 0; i < count; ++i) {
    const std::string ingredient(kIngredients[i]);
    const bool plural = ingredient.ends_with('s');
    hidden.needles.push_back(ingredient + (plural ? " are" : " is") +
                             " one of the secret ingredients needed to build the perfect pizza.");
    hidden.answers.push_back(ingredient);
  }
  return hidden;
}

std::vector<std::string> given(const TaskInput& input, std::string_view flag) {
  const auto found = input.flags.find(flag);
  return found == input.flags.end() ? std::vector<std::string>{} : found->second;
}

Result<Hidden> hidden_of(const TaskInput& input) {
  Hidden own = {.needles = given(input, "--needle"),
                .question = input.flag("--question").value_or(""),
                .answers = given(input, "--answer")};
  const std::optional<std::string> several = input.flag("--needles");
  if (!own.needles.empty() || !own.question.empty() || !own.answers.empty()) {
    if (several)
      return Error{"--needles counts our own needles; with --needle, give several of it"};
    if (own.needles.empty() || own.question.empty() || own.answers.empty())
      return Error{"--needle, --question and --answer belong together: give all three"};
    if (std::ranges::count(own.needles, "") + std::ranges::count(own.answers, "") > 0)
      return Error{"--needle and --answer take a text that is not empty"};
    return own;
  }
  if (!several) return standard_needle();
  FATHOM_TRY(const size_t count, whole_number("--needles", *several, 2, kIngredients.size()));
  return several_needles(count);
}

class NeedleRun final : public QuestionRun {
 public:
  // The same haystack at every depth, as far as the needle.
  bool shares_beginnings() const override { return true; }
  NeedleRun(PromptForm form, std::vector<Sample> samples, Haystack haystack, Hidden hidden,
            uint64_t seed)
      : QuestionRun(std::move(form), std::move(samples)),
        haystack_(std::move(haystack)),
        hidden_(std::move(hidden)),
        seed_(seed) {}

  Status check() const {
    return check_shortest(form(), samples(), [&](const Sample& s) { return recipe(s); });
  }

 private:
  // Samples of one number begin at the same sentence, whatever their depth and length, so that
  // their texts are equal up to the needle.
  Recipe recipe(const Sample& sample) const {
    const auto number = sample.facts["sample"].get<size_t>();
    Random random(seed_of(seed_, "haystack/" + std::to_string(number)));
    const size_t first = random.below(haystack_.sentences());
    const auto depth = sample.facts["depth"].get<double>();
    return {1, [this, first, depth](size_t sentences) { return hide(first, sentences, depth); }};
  }

  // Needles stand before sentences; one at depth 1 after the last.
  Question hide(size_t first, size_t sentences, double depth) const {
    const auto count = static_cast<double>(hidden_.needles.size());
    Question question;
    size_t next = 0;
    for (size_t i = 0; i <= sentences; ++i) {
      for (; next < hidden_.needles.size(); ++next) {
        const double place = depth + (1 - depth) * static_cast<double>(next) / count;
        if (static_cast<size_t>(std::llround(place * static_cast<double>(sentences))) > i) break;
        question.text += hidden_.needles[next] + " ";
      }
      if (i < sentences) question.text += haystack_.sentence(first + i);
    }
    question.text.erase(question.text.find_last_not_of(" \t\r\n\f\v") + 1);
    question.text += "\n\n" + hidden_.question +
                     " Don't give information outside the document or repeat your findings.";
    question.references = hidden_.answers;
    size_t bytes = 0;
    for (const std::string& answer : hidden_.answers) bytes += answer.size();
    question.max_tokens = 48 + bytes / 2;  // an introduction, and at least two bytes a token
    return question;
  }

  Result<Question> question(const Sample& sample) const override {
    return fill(form(), sample.length, recipe(sample));
  }

  Json score(const Question& asked, std::string_view answer) const override {
    return {{"found", string_match_all(answer, asked.references)}};
  }

  Haystack haystack_;
  Hidden hidden_;
  uint64_t seed_;
};

constexpr std::array<TaskFlag, 4> kFlags = {{
    {.name = "--needles", .help = "hide several of our own needles, 2 to 10", .value = "N"},
    {.name = "--needle", .help = "hide this sentence", .repeatable = true},
    {.name = "--question", .help = "what to ask about --needle"},
    {.name = "--answer",
     .help = "what the answer must contain; of several, the share is the score",
     .repeatable = true},
}};
constexpr std::array<Metric, 1> kMetrics = {{{.name = "found", .label = "of the answer found"}}};
constexpr std::array<View, 1> kViews = {
    {{.kind = View::Kind::heat, .of = "depth", .label = "depth of the needle"}}};
constexpr size_t kSamples = 1;

Result<std::unique_ptr<TaskRun>> open(const TaskInput& input) {
  FATHOM_TRY(Hidden hidden, hidden_of(input));
  FATHOM_TRY(Haystack haystack, Haystack::of(input.texts));
  FATHOM_TRY(PromptForm form, PromptForm::of(input.engine->model(), input.raw));
  std::vector<Sample> samples;
  for (const size_t length : input.lengths) {
    for (size_t i = 0; i < (input.samples == 0 ? kSamples : input.samples); ++i) {
      for (const double depth : spread_places(input.depths)) {
        samples.push_back({.id = "needle/" + std::to_string(length) + "/" + place_text(depth) +
                                 "/" + std::to_string(i),
                           .length = length,
                           .facts = {{"depth", depth}, {"sample", i}}});
      }
    }
  }
  auto run = std::make_unique<NeedleRun>(std::move(form), std::move(samples), std::move(haystack),
                                         std::move(hidden), input.seed);
  FATHOM_CHECK(run->check());
  return std::unique_ptr<TaskRun>(std::move(run));
}

}  // namespace

extern const Task needle;
const Task needle = {
    .name = "needle",
    .summary = "a sentence hidden in a long text: is it found, by length and depth?",
    .source = "Kamradt 2023, LLMTest_NeedleInAHaystack",
    .example =
        "-f book.txt --lengths 1k,4k --needle 'The password is heron.' "
        "--question 'What is the password?' --answer heron",
    .text = TextUse::taken,
    .flags = kFlags,
    .metrics = kMetrics,
    .views = kViews,
    .passing = std::nullopt,
    .usual_lengths = "1k,2k,4k,8k",
    .usual_samples = kSamples,
    .open = open,
};

}  // namespace fathom::tasks
