// tool_tokenize MODEL.gguf [--pre NAME] [--chat-template NAME]: tokenizes what it reads, for tests.
//
// Standard input is JSON, a line for each request: {"text": T} or {"messages": [{"role",
// "content"},
// ...]}. Standard output has a line for each: {"ids": [...], "text": what they decode to, with
// replacement characters where that is not UTF-8, "template": its name}, or {"error": E}. With
// --pre the vocabulary is used with another pre-tokenizer; messages are written by the model's own
// chat template unless
// --chat-template names one.
#include <cstdio>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "fathom/gguf/gguf.h"
#include "fathom/model/model.h"
#include "fathom/text/chat_template.h"
#include "fathom/text/tokenizer.h"

namespace {

using nlohmann::json;

struct Options {
  std::string model;
  std::optional<std::string> pre;
  std::optional<std::string> chat_template;
};

struct Loaded {
  std::unique_ptr<fathom::Tokenizer> tokenizer;
  std::string jinja;
};

fathom::Result<Loaded> load(const Options& options) {
  FATHOM_TRY(const fathom::gguf::File file, fathom::gguf::File::open(options.model));
  FATHOM_TRY(fathom::Vocabulary vocabulary, fathom::read_vocabulary(file));
  if (options.pre) vocabulary.pre = *options.pre;
  Loaded loaded;
  FATHOM_TRY(loaded.tokenizer, fathom::Tokenizer::create(std::move(vocabulary)));
  FATHOM_TRY(loaded.jinja, file.metadata().string_or("tokenizer.chat_template", ""));
  return loaded;
}

fathom::Result<json> answer(const Options& options, const Loaded& loaded, const json& request) {
  const fathom::Tokenizer& tokenizer = *loaded.tokenizer;
  if (request.contains("text")) {
    std::vector<fathom::TokenId> ids;
    FATHOM_CHECK(tokenizer.encode(request["text"].get<std::string>(), true, ids));
    return json{{"ids", ids}, {"text", tokenizer.decode(ids)}};
  }
  std::vector<fathom::Message> messages;
  for (const json& message : request["messages"])
    messages.push_back({message["role"].get<std::string>(), message["content"].get<std::string>()});
  FATHOM_TRY(const fathom::ChatTemplate chat,
             options.chat_template ? fathom::ChatTemplate::named(*options.chat_template)
                                   : fathom::ChatTemplate::recognise(loaded.jinja));
  FATHOM_TRY(const std::vector<fathom::TokenId> ids, chat.render(tokenizer, messages));
  return json{{"ids", ids}, {"text", tokenizer.decode(ids)}, {"template", chat.name()}};
}

}  // namespace

// A request that is not as above ends the program with json's exception.
int main(int argc, char** argv) {  // NOLINT(bugprone-exception-escape)
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--pre" && i + 1 < argc) {
      options.pre = argv[++i];
    } else if (argument == "--chat-template" && i + 1 < argc) {
      options.chat_template = argv[++i];
    } else {
      options.model = argument;
    }
  }
  const auto loaded = load(options);
  if (!loaded) {
    std::fprintf(stderr, "%s\n", loaded.error().message.c_str());
    return 1;
  }
  for (std::string line; std::getline(std::cin, line);) {
    const auto reply = answer(options, *loaded, json::parse(line));
    const json shown = reply ? *reply : json{{"error", reply.error().message}};
    std::cout << shown.dump(-1, ' ', false, json::error_handler_t::replace) << '\n';
  }
  return 0;
}
