// From documents and a question to the tokens that the model reads.
#pragma once

#include <string>
#include <vector>

#include "fathom/base/position.h"
#include "fathom/base/result.h"
#include "fathom/model/model.h"
#include "run_flags.h"

namespace fathom {

struct Document {
  std::string name;
  std::string text;
};

// Errors as read_text()'s.
Result<std::vector<Document>> read_documents(const std::vector<std::string>& files);

struct Prompt {
  std::vector<TokenId> tokens;
  std::string form;  // the chat template's name, or "plain text" and why
};

// Documents first, the question last; a model without a chat template gets plain text. Errors: an
// unknown template (and what to pass), text that is not UTF-8.
Result<Prompt> make_prompt(const Model& model, const std::vector<Document>& documents,
                           const RunFlags& flags);

}  // namespace fathom
