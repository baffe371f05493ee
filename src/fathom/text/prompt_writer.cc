#include "fathom/text/chat_family.h"

namespace fathom {

PromptWriter& PromptWriter::text(std::string_view text) {
  pending_ += text;
  return *this;
}

PromptWriter& PromptWriter::control(std::string_view spelling) {
  return token(tokenizer_.find_special(spelling), spelling);
}

PromptWriter& PromptWriter::marker(std::string_view spelling) {
  const auto id = tokenizer_.find_special(spelling);
  return id ? token(id, spelling) : text(spelling);
}

PromptWriter& PromptWriter::begin() { return token(tokenizer_.vocabulary().bos, "begin"); }
PromptWriter& PromptWriter::end() { return token(tokenizer_.vocabulary().eos, "end"); }

PromptWriter& PromptWriter::token(std::optional<TokenId> id, std::string_view what) {
  flush();
  if (id) {
    ids_.push_back(*id);
  } else if (status_.ok()) {
    status_ = Error{"the vocabulary lacks the chat template's token '" + std::string(what) +
                    "'; pass --chat-template NAME or --raw"};
  }
  return *this;
}

void PromptWriter::flush() {
  if (!pending_.empty() && status_.ok()) {
    const bool at_start = ids_.empty() || tokenizer_.kind(ids_.back()) == TokenKind::control;
    status_ = tokenizer_.encode(pending_, at_start, ids_);
  }
  pending_.clear();
}

Result<std::vector<TokenId>> PromptWriter::finish() {
  flush();
  if (!status_.ok()) return status_.error();
  return std::move(ids_);
}

}  // namespace fathom
