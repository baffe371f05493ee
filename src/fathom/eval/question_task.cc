#include "fathom/eval/question_task.h"

#include <algorithm>

#include "fathom/base/stopwatch.h"
#include "fathom/model/model.h"

namespace fathom {

PromptForm PromptForm::plain(const Tokenizer& tokenizer) {
  PromptForm form;
  form.tokenizer_ = &tokenizer;
  return form;
}

Result<PromptForm> PromptForm::of(const Model& model, bool raw) {
  PromptForm form = plain(*model.tokenizer);
  if (!raw && model.chat_template) {
    FATHOM_TRY(form.template_, ChatTemplate::recognise(*model.chat_template));
  }
  return form;
}

std::string PromptForm::name() const {
  return template_ ? std::string(template_->name()) : "plain text";
}

Result<std::vector<TokenId>> PromptForm::tokens(const Question& question) const {
  std::vector<TokenId> tokens;
  if (template_) {
    const std::vector<Message> messages = {{"user", question.text}};
    FATHOM_TRY(tokens, template_->render(*tokenizer_, messages));
    FATHOM_CHECK(tokenizer_->encode(question.answer_start, false, tokens));
    return tokens;
  }
  const Vocabulary& vocabulary = tokenizer_->vocabulary();
  if (vocabulary.add_bos && vocabulary.bos) tokens.push_back(*vocabulary.bos);
  const std::string space = question.answer_start.empty() ? "" : " ";
  FATHOM_CHECK(tokenizer_->encode(question.text + space + question.answer_start, true, tokens));
  return tokens;
}

Result<Question> fill(const PromptForm& form, size_t length, size_t least,
                      const std::function<Question(size_t units)>& make) {
  const auto size_of = [&](const Question& question) -> Result<size_t> {
    FATHOM_TRY(const std::vector<TokenId> tokens, form.tokens(question));
    return tokens.size() + question.max_tokens;
  };
  Question best = make(least);
  FATHOM_TRY(size_t size, size_of(best));
  if (size > length)
    return Error{"--lengths: a sample of " + std::to_string(length) +
                 " tokens cannot be made: it needs " + std::to_string(size) +
                 " at least; give --lengths from there on"};
  // Doubles until it no longer fits, then halves the gap.
  size_t fits = least;
  size_t gap = std::max<size_t>(least, 1);
  bool growing = true;
  while (gap > 0) {
    Question next = make(fits + gap);
    FATHOM_TRY(size, size_of(next));
    if (size <= length) {
      fits += gap;
      best = std::move(next);
      if (growing) gap *= 2;
    } else {
      growing = false;
    }
    if (!growing) gap /= 2;
  }
  return best;
}

// FNV-1a over both (Fowler, Noll, Vo), then a finishing mix, so that neighbours differ in all bits.
uint64_t seed_of(uint64_t seed, std::string_view sample_id) {
  uint64_t hash = 0xcbf29ce484222325;
  const auto add = [&hash](uint8_t byte) { hash = (hash ^ byte) * 0x100000001b3; };
  for (int shift = 0; shift < 64; shift += 8) add(static_cast<uint8_t>(seed >> shift));
  for (const char c : sample_id) add(static_cast<uint8_t>(c));
  hash ^= hash >> 33;
  hash *= 0xff51afd7ed558ccd;
  return hash ^ (hash >> 33);
}

Result<Json> QuestionRun::prompt(const Sample& sample) {
  FATHOM_TRY(const Question asked, question(sample));
  return Json{{"form", form_.name()},
              {"prompt", asked.text},
              {"answer_start", asked.answer_start},
              {"max_tokens", asked.max_tokens},
              {"references", asked.references}};
}

Status QuestionRun::make(const Sample& sample) {
  if (made_ == sample.id) return {};
  FATHOM_TRY(asked_, question(sample));
  FATHOM_TRY(tokens_, form_.tokens(asked_));
  made_ = sample.id;
  return {};
}

Result<Measurement> QuestionRun::measure(const Sample& sample, Subject& subject) {
  FATHOM_CHECK(make(sample));
  FATHOM_TRY(Session* const session, subject.open(sample.length));
  const Stopwatch watch;
  FATHOM_CHECK(session->prefill(tokens_, subject.progress));
  const double read_seconds = watch.seconds();
  Generation greedy;
  greedy.max_tokens = asked_.max_tokens;
  greedy.sampling.temperature = 0;
  const Session::TextFn go_on = [&](std::string_view) {
    return !subject.progress || subject.progress({.done = tokens_.size(), .total = sample.length});
  };
  FATHOM_TRY(const GenerationResult answer, session->generate(greedy, go_on));
  if (answer.reason == StopReason::cancelled) return Error{"stopped while it answered"};
  Measurement measured;
  measured.values = score(asked_, answer.text);
  measured.details = details(asked_);
  measured.details["answer"] = answer.text;
  measured.costs = subject.costs();
  measured.costs["read_seconds"] = read_seconds;
  measured.costs["prompt_tokens"] = tokens_.size();
  measured.costs["recalled_tokens"] = session->recalled();
  measured.costs["answer_tokens"] = answer.tokens;
  measured.costs["answer_seconds"] = answer.seconds;
  return measured;
}

}  // namespace fathom
