// Lost in the middle: does it matter where in a long text the answer stands?
//
// Liu et al. 2023, "Lost in the Middle: How Language Models Use Long Contexts" (arXiv:2307.03172):
// its two tasks, prompts, 100 tokens for an answer, and score (nelson-liu/lost-in-the-middle). In
// place of numbers of pairs and documents, each fills a length.
#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <numeric>
#include <utility>

#include "fathom/eval/qa_file.h"
#include "fathom/eval/random.h"
#include "fathom/eval/recipe.h"
#include "fathom/eval/string_match.h"

namespace fathom::tasks {
namespace {

constexpr size_t kAnswerTokens = 100;
constexpr size_t kLeast = 2;  // the one that is asked for, and another

// Which of `count` things stands at a place from 0 to 1.
size_t index_at(double place, size_t count) {
  return static_cast<size_t>(std::llround(place * static_cast<double>(count - 1)));
}

// A JSON object of `pairs` keys and values, and the key at a place. Of one seed, the pairs before
// it are the same at every place.
Question ask_for_value(uint64_t seed, double place, size_t pairs) {
  Random random(seed);
  const std::string key = random.uuid();
  const std::string value = random.uuid();
  const size_t gold = index_at(place, pairs);
  std::string object;
  for (size_t i = 0; i < pairs; ++i) {
    object += i == 0 ? "{\"" : ",\n \"";
    object += i == gold ? key : random.uuid();
    object += "\": \"";
    object += i == gold ? value : random.uuid();
    object += "\"";
  }
  return {.text =
              "Extract the value corresponding to the specified key in the JSON object "
              "below.\n\nJSON data:\n" +
              object + "}\n\nKey: \"" + key + "\"\nCorresponding value:",
          .answer_start = {},
          .max_tokens = kAnswerTokens,
          .references = {value},
          .any_reference = true};
}

// A question and `count` documents, of which the one that answers it is at a place.
Question ask_documents(const QaSet& set, const QaQuestion& asked, const QaOrder& order,
                       double place, size_t count) {
  std::vector<size_t> chosen = order.first(count);
  const auto gold = chosen.begin();
  std::rotate(gold, gold + 1, gold + 1 + static_cast<std::ptrdiff_t>(index_at(place, count)));
  std::string results;
  for (size_t i = 0; i < chosen.size(); ++i) {
    const QaDocument& document = set.documents[chosen[i]];
    results += (i == 0 ? "Document [" : "\nDocument [") + std::to_string(i + 1) +
               "](Title: " + document.title + ") " + document.text;
  }
  return {.text =
              "Write a high-quality answer for the given question using only the provided "
              "search results (some of which might be irrelevant).\n\n" +
              results + "\n\nQuestion: " + asked.text + "\nAnswer:",
          .answer_start = {},
          .max_tokens = kAnswerTokens,
          .references = asked.answers,
          .any_reference = true};
}

class MiddleRun final : public QuestionRun {
 public:
  MiddleRun(PromptForm form, std::vector<Sample> samples, QaSet set, uint64_t seed)
      : QuestionRun(std::move(form), std::move(samples)),
        set_(std::move(set)),
        order_(set_.questions.size()),
        seed_(seed) {
    std::iota(order_.begin(), order_.end(), size_t{0});
    Random(seed_of(seed_, "questions")).shuffle(order_);
  }

  // The same text at every position, as far as what is asked for.
  bool shares_beginnings() const override { return true; }
  Status check() const {
    return check_shortest(form(), samples(), [&](const Sample& s) { return recipe(s); });
  }

 private:
  Result<Recipe> recipe(const Sample& sample) const {
    const auto number = sample.facts["sample"].get<size_t>();
    const auto place = sample.facts["position"].get<double>();
    const auto kind = sample.facts["kind"].get<std::string>();
    // The same at every position, so that nothing else differs.
    const uint64_t seed =
        seed_of(seed_, kind + "/" + std::to_string(sample.length) + "/" + std::to_string(number));
    if (kind == "kv")
      return Recipe{kLeast, [=](size_t pairs) { return ask_for_value(seed, place, pairs); }};
    const QaQuestion& asked = set_.questions[order_[number % order_.size()]];
    Random random(seed);
    const QaOrder order = order_documents(set_, asked, false, random);
    if (order.documents.size() == order.gold)
      return Error{set_.name + ": every paragraph holds the answer to \"" + asked.text + "\""};
    return Recipe{kLeast, [this, &asked, order, place](size_t count) {
                    return ask_documents(set_, asked, order, place, count);
                  }};
  }

  Result<Question> question(const Sample& sample) const override {
    FATHOM_TRY(const Recipe made, recipe(sample));
    return fill(form(), sample.length, made);
  }

  Json score(const Question& asked, std::string_view answer) const override {
    return {{"right", best_subspan_em(answer, asked.references)}};
  }

  QaSet set_;
  std::vector<size_t> order_;  // in which samples take its questions
  uint64_t seed_;
};

constexpr std::array<TaskFlag, 2> kFlags = {{
    {.name = "--kind",
     .help = "kv (pairs of keys and values), documents (questions about them), or both",
     .value = "KIND"},
    {.name = "--qa", .help = "questions in SQuAD's format; else our own", .value = "FILE"},
}};
constexpr std::array<Metric, 1> kMetrics = {{{.name = "right", .label = "answers right"}}};
constexpr std::array<View, 2> kViews = {{
    {.kind = View::Kind::line, .of = "position", .label = "where the answer stands"},
    {.kind = View::Kind::table, .of = "kind", .label = "kind of question"},
}};
constexpr size_t kSamples = 3;

Result<std::vector<std::string>> kinds_of(const TaskInput& input) {
  const std::string kind = input.flag("--kind").value_or("both");
  if (kind == "both") return std::vector<std::string>{"kv", "documents"};
  if (kind == "kv" || kind == "documents") return std::vector<std::string>{kind};
  return Error{"--kind '" + kind + "' is none of kv, documents, both"};
}

Result<QaSet> questions_of(const TaskInput& input) {
  const std::optional<std::string> file = input.flag("--qa");
  if (!file) return own_qa(QaFormat::squad);
  FATHOM_TRY(QaSet set, read_qa(*file));
  if (set.format != QaFormat::squad)
    return Error{"--qa " + *file +
                 ": HotpotQA's format has several paragraphs to a question; SQuAD's is needed"};
  return set;
}

Result<std::unique_ptr<TaskRun>> open(const TaskInput& input) {
  FATHOM_TRY(const std::vector<std::string> kinds, kinds_of(input));
  FATHOM_TRY(QaSet set, questions_of(input));
  FATHOM_TRY(PromptForm form, PromptForm::of(input.engine->model(), input.raw));
  std::vector<Sample> samples;
  for (const size_t length : input.lengths) {
    for (const std::string& kind : kinds) {
      for (size_t i = 0; i < (input.samples == 0 ? kSamples : input.samples); ++i) {
        for (const double place : spread_places(input.depths)) {
          samples.push_back({.id = kind + "/" + std::to_string(length) + "/" + place_text(place) +
                                   "/" + std::to_string(i),
                             .length = length,
                             .facts = {{"kind", kind}, {"position", place}, {"sample", i}}});
        }
      }
    }
  }
  auto run =
      std::make_unique<MiddleRun>(std::move(form), std::move(samples), std::move(set), input.seed);
  FATHOM_CHECK(run->check());
  return std::unique_ptr<TaskRun>(std::move(run));
}

}  // namespace

extern const Task middle;
const Task middle = {
    .name = "middle",
    .summary = "lost in the middle: is an answer found, by where it stands?",
    .source = "Liu et al. 2023, arXiv:2307.03172",
    .example = "--lengths 2k,4k --kind kv",
    .text = TextUse::unused,
    .flags = kFlags,
    .metrics = kMetrics,
    .views = kViews,
    .passing = std::nullopt,
    .usual_lengths = "1k,2k,4k,8k",
    .usual_samples = kSamples,
    .open = open,
};

}  // namespace fathom::tasks
