#include "fathom/eval/random.h"
#include "fathom/eval/ruler.h"

namespace fathom::ruler {

Question documents(const QaSet& set, const QaQuestion& asked, const QaOrder& order, uint64_t seed,
                   size_t count) {
  static const std::string kInstruction =
      "Answer the question based on the given documents. Only give me the answer and do not output "
      "any other words.\n\n";
  std::vector<size_t> chosen = order.first(count);
  Random random(seed);
  random.shuffle(chosen);
  Question question;
  question.text = kInstruction + "The following are given documents.\n\n";
  for (size_t i = 0; i < chosen.size(); ++i) {
    const QaDocument& document = set.documents[chosen[i]];
    question.text += "Document " + std::to_string(i + 1) + ":\n";
    if (set.format == QaFormat::hotpot) question.text += document.title + "\n";
    question.text += document.text + "\n\n";
  }
  question.text += kInstruction + "Question: " + asked.text;
  question.answer_start = "Answer:";
  question.max_tokens = 32;
  question.references = asked.answers;
  question.any_reference = true;
  return question;
}

}  // namespace fathom::ruler
