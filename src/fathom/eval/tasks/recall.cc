// Associative recall: told pairs of words, does the model know the second of a pair when the first
// comes again?
//
// MQAR of Arora et al. 2023 (recall_text.h) in the model's own vocabulary: keys and values are
// ordinary words of one token. Each key that is asked for is scored by the likeliest next token,
// among the sample's values and among all tokens. No answer is written: a sample is read once.
#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <utility>

#include "fathom/eval/question_task.h"
#include "fathom/eval/recall_text.h"
#include "fathom/eval/text_windows.h"
#include "fathom/eval/word_tokens.h"

namespace fathom::tasks {
namespace {

constexpr std::string_view kPairs = "--pairs";
constexpr size_t kUsualPairs[] = {4, 16, 64};
constexpr size_t kSamples = 8;
constexpr size_t kMostWords = 4096;
constexpr size_t kLeastPairs = 4;

Result<std::vector<size_t>> pairs_of(const TaskInput& input) {
  const auto given = input.flags.find(kPairs);
  if (given == input.flags.end() || given->second.empty())
    return std::vector(std::begin(kUsualPairs), std::end(kUsualPairs));
  std::vector<size_t> numbers;
  for (const std::string& text : given->second) {
    FATHOM_TRY(const size_t pairs, whole_number(kPairs, text, kLeastPairs, kMostWords / 4));
    if (std::ranges::find(numbers, pairs) == numbers.end()) numbers.push_back(pairs);
  }
  return numbers;
}

// The likeliest of some tokens.
TokenId likeliest(std::span<const float> logits, std::span<const TokenId> among) {
  return *std::ranges::max_element(
      among, {}, [&](TokenId token) { return logits[static_cast<size_t>(token)]; });
}

class RecallRun final : public TaskRun {
 public:
  RecallRun(const Tokenizer& tokenizer, std::vector<TokenId> words, uint64_t seed,
            std::vector<Sample> samples)
      : tokenizer_(tokenizer),
        words_(std::move(words)),
        seed_(seed),
        samples_(std::move(samples)) {}

  const std::vector<Sample>& samples() const override { return samples_; }

  Result<Measurement> measure(const Sample& sample, Subject& subject) override {
    const RecallText text = text_of(sample);
    const size_t queries = text.queries.size();
    std::vector<double> among_values(queries), among_all(queries);
    bool finite = true;
    FATHOM_TRY(Session* const session, subject.open(text.tokens.size()));
    const Session::LogitsFn look_up = [&](size_t begin, ConstMatrix<float> logits) {
      for (size_t row = 0; row < logits.rows; ++row) {
        const std::span<const float> one(logits.row(row), logits.cols);
        const TokenId answer = text.answers[begin + row];
        const auto best = std::ranges::max_element(one) - one.begin();
        finite = finite && std::isfinite(one[static_cast<size_t>(best)]);
        among_all[begin + row] = best == static_cast<ptrdiff_t>(answer) ? 1 : 0;
        among_values[begin + row] = likeliest(one, text.values) == answer ? 1 : 0;
      }
    };
    FATHOM_CHECK(session->score(text.tokens, text.queries, look_up, subject.progress));
    if (!finite)
      return Error{"logits are not numbers: the model's weights are damaged, or overflow"};
    const auto mean = [](const std::vector<double>& right) {
      double sum = 0;
      for (const double one : right) sum += one;
      return sum / static_cast<double>(right.size());
    };
    Measurement one;
    one.values = {{"right", mean(among_values)}, {"right_of_all", mean(among_all)}};
    one.curves["right"] = curve_of(text.queries, among_values, text.tokens.size());
    one.costs = subject.costs();
    return one;
  }

  Result<Json> prompt(const Sample& sample) override {
    const RecallText text = text_of(sample);
    Json answers = Json::array();
    for (const TokenId answer : text.answers) answers.push_back(tokenizer_.bytes(answer));
    return Json{{"form", "tokens"},
                {"prompt", tokenizer_.decode(text.tokens)},
                {"tokens", text.tokens},
                {"queries", text.queries},
                {"references", answers}};
  }

 private:
  // Behind the begin token, where the model wants one.
  RecallText text_of(const Sample& sample) const {
    const Vocabulary& vocabulary = tokenizer_.vocabulary();
    const bool begins = vocabulary.add_bos && vocabulary.bos;
    Random random(seed_of(seed_, sample.id));
    RecallText text = recall_text(words_, sample.facts["pairs"].get<size_t>(),
                                  sample.length - (begins ? 1 : 0), random);
    if (!begins) return text;
    text.tokens.insert(text.tokens.begin(), *vocabulary.bos);
    for (size_t& query : text.queries) ++query;
    return text;
  }

  const Tokenizer& tokenizer_;
  std::vector<TokenId> words_;
  uint64_t seed_;
  std::vector<Sample> samples_;
};

constexpr std::array<TaskFlag, 1> kFlags = {{
    {.name = kPairs,
     .help = "pairs in a text, from 4 on (default: 4, 16 and 64)",
     .value = "N",
     .repeatable = true},
}};
constexpr std::array<Metric, 2> kMetrics = {{
    {.name = "right", .label = "right among the values"},
    {.name = "right_of_all", .label = "right among all tokens"},
}};
constexpr std::array<View, 2> kViews = {{
    {.kind = View::Kind::heat, .of = "pairs", .label = "pairs"},
    {.kind = View::Kind::curve, .of = "right", .label = "right among the values, by position"},
}};

Result<std::unique_ptr<TaskRun>> open(const TaskInput& input) {
  FATHOM_TRY(const std::vector<size_t> pairs, pairs_of(input));
  const Tokenizer& tokenizer = *input.engine->model().tokenizer;
  std::vector<TokenId> words = word_tokens(tokenizer, kMostWords);
  const size_t most = std::ranges::max(pairs);
  if (words.size() < 4 * most)
    return Error{std::string(kPairs) + " " + std::to_string(most) +
                 ": the model's vocabulary has " + std::to_string(words.size()) +
                 " words of one token, and " + std::to_string(4 * most) + " are needed"};
  std::vector<Sample> samples;
  for (const size_t length : input.lengths) {
    if (length < least_recall_length(most) + 1)
      return Error{"a text of " + std::to_string(length) + " tokens has no room for " +
                   std::to_string(most) + " pairs and their queries: give --lengths from " +
                   std::to_string(least_recall_length(most) + 1) + " on, or fewer " +
                   std::string(kPairs)};
    for (const size_t count : pairs)
      for (size_t i = 0; i < (input.samples == 0 ? kSamples : input.samples); ++i)
        samples.push_back({.id = "recall/" + std::to_string(length) + "/" + std::to_string(count) +
                                 "/" + std::to_string(i),
                           .length = length,
                           .facts = {{"pairs", count}}});
  }
  return std::unique_ptr<TaskRun>(
      new RecallRun(tokenizer, std::move(words), input.seed, std::move(samples)));
}

}  // namespace

extern const Task recall;
const Task recall = {
    .name = "recall",
    .summary = "associative recall: the second word of a pair when the first comes again",
    .source = "Arora et al. 2023, Zoology, arXiv:2312.04927 (MQAR)",
    .example = "--lengths 1k,4k --pairs 16 --pairs 64",
    .text = TextUse::unused,
    .flags = kFlags,
    .metrics = kMetrics,
    .views = kViews,
    .passing = std::nullopt,
    .usual_lengths = "512,1k,2k,4k",
    .usual_samples = kSamples,
    .open = open,
};

}  // namespace fathom::tasks
