// Summaries: does the model say what a document says?
//
// The model is asked for three to five sentences about a document, cut at the end of a sentence
// where a length does not hold all of it. Scores are ROUGE (rouge.h) against reference summaries,
// with the stemmer, and whether numbers and names are right (faithfulness.h).
#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "fathom/eval/faithfulness.h"
#include "fathom/eval/haystack.h"
#include "fathom/eval/question_task.h"
#include "fathom/eval/rouge.h"
#include "fathom/eval/summary_documents.h"

namespace fathom::tasks {
namespace {

constexpr size_t kAnswerTokens = 192;

// A document, and where its sentences end.
struct Document {
  SummaryDocument source;
  std::vector<size_t> ends;
};

Document with_ends(SummaryDocument source) {
  Document document{.source = std::move(source), .ends = {}};
  for (size_t end = 0; end < document.source.text.size();)
    document.ends.push_back(end = sentence_end(document.source.text, end));
  return document;
}

// About the first `sentences` of a document.
Question ask(const Document& document, size_t sentences) {
  const size_t end = document.ends[std::min(sentences, document.ends.size()) - 1];
  std::string text = document.source.text.substr(0, end);
  text.erase(text.find_last_not_of(" \t\r\n\f\v") + 1);
  return {.text = text + "\n\nSummarize the document above in three to five sentences.",
          .answer_start = "",
          .max_tokens = kAnswerTokens,
          .references = document.source.references,
          .any_reference = true};
}

// As many sentences as a length holds.
Result<size_t> sentences_within(const PromptForm& form, size_t length, const Document& document) {
  const auto size_of = [&](size_t sentences) -> Result<size_t> {
    const Question asked = ask(document, sentences);
    FATHOM_TRY(const std::vector<TokenId> tokens, form.tokens(asked));
    return tokens.size() + asked.max_tokens;
  };
  FATHOM_TRY(size_t size, size_of(1));
  if (size > length)
    return Error{"a sample of " + std::to_string(length) + " tokens cannot be made: it needs " +
                 std::to_string(size) + " at least; give --lengths from there on"};
  FATHOM_TRY(size, size_of(document.ends.size()));
  if (size <= length) return document.ends.size();
  size_t fits = 1, too_many = document.ends.size();
  while (too_many - fits > 1) {
    const size_t middle = fits + (too_many - fits) / 2;
    FATHOM_TRY(size, size_of(middle));
    (size <= length ? fits : too_many) = middle;
  }
  return fits;
}

class SummaryRun final : public QuestionRun {
 public:
  SummaryRun(PromptForm form, std::vector<Sample> samples, std::vector<Document> documents)
      : QuestionRun(std::move(form), std::move(samples)), documents_(std::move(documents)) {}

 private:
  const Document& document(const Sample& sample) const {
    return documents_[sample.facts["number"].get<size_t>()];
  }

  Result<Question> question(const Sample& sample) const override {
    return ask(document(sample), sample.facts["sentences"].get<size_t>());
  }

  Json score(const Question& asked, std::string_view answer) const override {
    const Rouge best = best_rouge(asked.references, answer, true);
    Claims claims;
    for (const std::string& reference : asked.references) claims.merge(claims_of(reference));
    const auto shown = [](std::optional<double> share) { return share ? Json(*share) : Json(); };
    return {{"rougeL", best.rougeL.f1},
            {"rouge1", best.rouge1.f1},
            {"rouge2", best.rouge2.f1},
            {"rougeLsum", best.rougeLsum.f1},
            {"supported", shown(share_in(claims_of(answer), asked.text))},
            {"covered", shown(share_in(claims, answer))}};
  }

  std::vector<Document> documents_;
};

constexpr std::array<TaskFlag, 1> kFlags = {{
    {.name = "--references",
     .help = "documents with summaries, a JSON object a line: {\"document\": TEXT or \"file\": "
             "PATH, \"summary\": TEXT or [TEXT, ...]} (default: licences, with ours)",
     .value = "FILE"},
}};
constexpr std::array<Metric, 6> kMetrics = {{
    {.name = "rougeL", .label = "ROUGE-L (F1)"},
    {.name = "rouge1", .label = "ROUGE-1 (F1)"},
    {.name = "rouge2", .label = "ROUGE-2 (F1)"},
    {.name = "rougeLsum", .label = "ROUGE-Lsum (F1)"},
    {.name = "supported", .label = "supported"},
    {.name = "covered", .label = "covered"},
}};
constexpr std::array<View, 1> kViews = {
    {{.kind = View::Kind::table, .of = "document", .label = "document"}}};

Result<std::unique_ptr<TaskRun>> open(const TaskInput& input) {
  const std::optional<std::string> path = input.flag("--references");
  FATHOM_TRY(std::vector<SummaryDocument> sources,
             path ? read_summaries(*path) : licence_summaries());
  if (input.samples != 0 && sources.size() > input.samples) sources.resize(input.samples);
  FATHOM_TRY(PromptForm form, PromptForm::of(input.engine->model(), input.raw));
  std::vector<Document> documents;
  documents.reserve(sources.size());
  for (SummaryDocument& source : sources) documents.push_back(with_ends(std::move(source)));
  std::vector<Sample> samples;
  for (const size_t length : input.lengths) {
    for (size_t i = 0; i < documents.size(); ++i) {
      const Document& document = documents[i];
      const std::string id = "summary/" + std::to_string(length) + "/" + std::to_string(i);
      const auto sentences = sentences_within(form, length, document);
      if (!sentences)
        return Error{id + " (" + document.source.name + "): " + sentences.error().message};
      samples.push_back(
          {.id = id,
           .length = length,
           .facts = {{"document", document.source.name},
                     {"number", i},
                     {"sentences", *sentences},
                     {"share_read", static_cast<double>(document.ends[*sentences - 1]) /
                                        static_cast<double>(document.ends.back())}}});
    }
  }
  return std::unique_ptr<TaskRun>(
      new SummaryRun(std::move(form), std::move(samples), std::move(documents)));
}

}  // namespace

extern const Task summary;
const Task summary = {
    .name = "summary",
    .summary = "summaries of documents, by ROUGE and by whether numbers and names are right",
    .source = "Lin 2004, ROUGE; figures as PyPI's rouge-score 0.1.2 with its stemmer",
    .example = "--lengths 2k,8k --references summaries.jsonl",
    .text = TextUse::unused,
    .flags = kFlags,
    .metrics = kMetrics,
    .views = kViews,
    .passing = std::nullopt,
    .usual_lengths = "2k,8k",
    .usual_samples = 0,
    .open = open,
};

}  // namespace fathom::tasks
