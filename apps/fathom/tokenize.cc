// fathom tokenize: a text's token ids, as the model sees them.
#include <memory>
#include <string>
#include <vector>

#include "command.h"
#include "fathom/engine/model_store.h"
#include "fathom/model/model.h"
#include "model_flags.h"
#include "terminal.h"
#include "text_file.h"

namespace fathom {
namespace {

struct Flags {
  std::string model;
  std::string file;  // empty: `text` was given
  std::string text;
  bool json = false;
};

Result<std::vector<TokenId>> encode(const Flags& flags, const std::string& text) {
  FATHOM_TRY(const std::string path, resolve_model(flags.model));
  FATHOM_TRY(const gguf::File file, gguf::File::open(path));
  FATHOM_TRY(const auto tokenizer, read_tokenizer(file));
  std::vector<TokenId> ids;
  const Status encoded = tokenizer->encode(text, true, ids);
  if (!encoded.ok())
    return Error{(flags.file.empty() ? "-p" : flags.file) + ": " + encoded.error().message};
  return ids;
}

Status show(const std::vector<TokenId>& ids, bool json) {
  if (json) return print_json(nlohmann::ordered_json{{"count", ids.size()}, {"tokens", ids}});
  std::string text = std::to_string(ids.size()) + " tokens\n";
  for (size_t i = 0; i < ids.size(); ++i) text += (i == 0 ? "" : " ") + std::to_string(ids[i]);
  return print(text + "\n");
}

int tokenize(const Flags& flags) {
  const auto text = flags.file.empty() ? Result<std::string>(flags.text) : read_text(flags.file);
  if (!text.ok()) return failed(text.error());
  const auto ids = encode(flags, text.value());
  if (!ids.ok()) return failed(ids.error());
  const Status shown = show(ids.value(), flags.json);
  return shown.ok() ? kDone : failed(shown.error());
}

}  // namespace

Command tokenize_command(CLI::App& program) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* app = program.add_subcommand("tokenize", "Show a text's tokens and their number");
  add_model_flag(*app, flags->model);
  auto* source = app->add_option_group("text");
  source->add_option("-f,--file", flags->file, "The text's file; - is standard input")
      ->check(file_name());
  source->add_option("-p,--prompt", flags->text, "The text itself");
  source->require_option(1);
  app->add_flag("--json", flags->json, "Print one JSON object: count, tokens");
  app->footer("No begin token is added, and control tokens in the text are text.");
  return {app, [flags] { return tokenize(*flags); }};
}

}  // namespace fathom
