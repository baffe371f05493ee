// Tasks that put a question and score what the model writes.
//
// Such a task says how a sample's question is made and how an answer is scored; reading, writing
// (greedy, so that any engine gives the same answer) and costs are common.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "fathom/base/position.h"
#include "fathom/eval/task.h"
#include "fathom/text/chat_template.h"

namespace fathom {

struct Question {
  std::string text;                     // the user's message: the long text, and what is asked
  std::string answer_start;             // put into the model's mouth; not scored
  size_t max_tokens = 32;               // of the answer
  std::vector<std::string> references;  // the parts of the right answer
  bool any_reference = false;           // each of them is a right answer
};

// How a question becomes tokens: by the model's chat template, or as plain text where it has none.
class PromptForm {
 public:
  static Result<PromptForm> of(const Model& model, bool raw);
  static PromptForm plain(const Tokenizer& tokenizer);

  Result<std::vector<TokenId>> tokens(const Question& question) const;
  // The chat template's name, or "plain text".
  std::string name() const;

 private:
  const Tokenizer* tokenizer_ = nullptr;
  std::optional<ChatTemplate> template_;
};

// The question of as much filler as `length` tokens hold, prompt and answer: make(n) is one with n
// units of it, and has more tokens the greater n is. Error: not even make(least) fits.
Result<Question> fill(const PromptForm& form, size_t length, size_t least,
                      const std::function<Question(size_t units)>& make);

// A generator for one sample: equal for equal seeds and ids, on every machine.
uint64_t seed_of(uint64_t seed, std::string_view sample_id);

class QuestionRun : public TaskRun {
 public:
  const std::vector<Sample>& samples() const final { return samples_; }
  Result<Measurement> measure(const Sample& sample, Subject& subject) final;
  Result<Json> prompt(const Sample& sample) final;

 protected:
  QuestionRun(PromptForm form, std::vector<Sample> samples)
      : form_(std::move(form)), samples_(std::move(samples)) {}
  const PromptForm& form() const { return form_; }

  // Always the same for the same sample.
  virtual Result<Question> question(const Sample& sample) const = 0;
  // The task's metrics by name, of an answer without Question::answer_start.
  virtual Json score(const Question& question, std::string_view answer) const = 0;
  // What of the question is kept beside the answer, for people.
  virtual Json details(const Question& question) const {
    return {{"references", question.references}};
  }

 private:
  Status make(const Sample& sample);

  PromptForm form_;
  std::vector<Sample> samples_;
  std::string made_;  // the sample whose question is
  Question asked_;
  std::vector<TokenId> tokens_;
};

}  // namespace fathom
