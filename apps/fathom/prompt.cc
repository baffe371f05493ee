#include "prompt.h"

#include <filesystem>
#include <utility>

#include "fathom/text/chat_template.h"
#include "terminal.h"
#include "text_file.h"

namespace fathom {
namespace {

Result<Document> read_document(const std::string& file) {
  FATHOM_TRY(std::string text, read_text(file));
  const std::string name =
      file == "-" ? "standard input" : std::filesystem::path(file).filename().string();
  // The model reads the name, and a file's name may hold any bytes.
  return Document{printable(name), std::move(text)};
}

// The user's message. Several documents are told apart by their names.
std::string message(const std::vector<Document>& documents, const std::string& question) {
  std::string text;
  for (const Document& document : documents) {
    if (documents.size() > 1) text += "Document: " + document.name + "\n\n";
    text += document.text + "\n\n";
  }
  return text + question;
}

Result<Prompt> plain_text(const Tokenizer& tokenizer, const std::vector<Document>& documents,
                          const std::string& question, std::string form) {
  Prompt prompt{.tokens = {}, .form = std::move(form)};
  const Vocabulary& vocabulary = tokenizer.vocabulary();
  if (vocabulary.add_bos && vocabulary.bos) prompt.tokens.push_back(*vocabulary.bos);
  std::string text;
  for (const Document& document : documents) text += document.text;
  FATHOM_CHECK(tokenizer.encode(text + question, true, prompt.tokens));
  return prompt;
}

}  // namespace

Result<std::vector<Document>> read_documents(const std::vector<std::string>& files) {
  std::vector<Document> documents;
  for (const std::string& file : files) {
    FATHOM_TRY(Document document, read_document(file));
    documents.push_back(std::move(document));
  }
  return documents;
}

Result<Prompt> make_prompt(const Model& model, const std::vector<Document>& documents,
                           const RunFlags& flags) {
  const Tokenizer& tokenizer = *model.tokenizer;
  if (flags.raw) return plain_text(tokenizer, documents, flags.question, "plain text");
  if (flags.chat_template.empty() && !model.chat_template)
    return plain_text(tokenizer, documents, flags.question,
                      "plain text, since the model has no chat template");
  FATHOM_TRY(const ChatTemplate chat_template,
             flags.chat_template.empty() ? ChatTemplate::recognise(model.chat_template.value_or(""))
                                         : ChatTemplate::named(flags.chat_template));
  std::vector<Message> messages;
  if (!flags.system.empty()) messages.push_back({"system", flags.system});
  messages.push_back({"user", message(documents, flags.question)});
  Prompt prompt{.tokens = {}, .form = std::string(chat_template.name())};
  FATHOM_TRY(prompt.tokens, chat_template.render(tokenizer, messages));
  return prompt;
}

}  // namespace fathom
