#include "fathom/text/chat_template.h"

#include <gtest/gtest.h>

#include "fathom/text/test_vocabularies.h"

namespace fathom {
namespace {

std::unique_ptr<Tokenizer> tokenizer_with(const std::vector<std::string>& controls,
                                          bool add_bos = false) {
  Vocabulary vocabulary = byte_bpe_vocabulary({});
  for (const std::string& control : controls) {
    vocabulary.tokens.push_back(control);
    vocabulary.kinds.push_back(TokenKind::control);
  }
  vocabulary.tokens.insert(vocabulary.tokens.end(), {"<s>", "</s>"});
  vocabulary.kinds.insert(vocabulary.kinds.end(), 2, TokenKind::control);
  vocabulary.eos = static_cast<TokenId>(vocabulary.tokens.size() - 1);
  vocabulary.bos = *vocabulary.eos - 1;
  vocabulary.add_bos = add_bos;
  auto tokenizer = Tokenizer::create(std::move(vocabulary));
  EXPECT_TRUE(tokenizer.ok());
  return std::move(tokenizer).value();
}

// The prompt as text, control tokens in brackets: [<s>].
std::string shown(const Tokenizer& tokenizer, const ChatTemplate& chat,
                  const std::vector<Message>& messages) {
  const auto ids = chat.render(tokenizer, messages);
  if (!ids.ok()) return "error: " + ids.error().message;
  std::string out;
  for (const TokenId id : *ids) {
    const bool control = tokenizer.kind(id) == TokenKind::control;
    out += control ? "[" + tokenizer.vocabulary().tokens[static_cast<size_t>(id)] + "]"
                   : std::string(tokenizer.bytes(id));
  }
  return out;
}

ChatTemplate named(std::string_view name) {
  auto chat = ChatTemplate::named(name);
  EXPECT_TRUE(chat.ok()) << name;
  return std::move(chat).value();
}

const std::vector<std::string> kChatMl = {"<|im_start|>", "<|im_end|>"};

TEST(ChatTemplate, ChatMlSpeaksTheTemplatesOwnSystemMessage) {
  const auto tokenizer = tokenizer_with(kChatMl);
  const std::string jinja =
      "{% if messages[0]['role'] == 'system' %}{{ '<|im_start|>system\n' + messages[0]['content'] "
      "+ '<|im_end|>' }}{% else %}{{ '<|im_start|>system\nYou\\'re \"Q\".<|im_end|>\n' }}{% endif "
      "%}";
  std::string escaped;  // as most files have it: a backslash and an n
  for (const char c : jinja) escaped += c == '\n' ? "\\n" : std::string(1, c);
  for (const std::string& source : {jinja, escaped}) {
    const auto chat = ChatTemplate::recognise(source);
    ASSERT_TRUE(chat.ok());
    EXPECT_EQ(chat->name(), "chatml");
    EXPECT_EQ(shown(*tokenizer, *chat, {{"user", "hi"}}),
              "[<|im_start|>]system\nYou're \"Q\".[<|im_end|>]\n"
              "[<|im_start|>]user\nhi[<|im_end|>]\n[<|im_start|>]assistant\n");
    EXPECT_EQ(shown(*tokenizer, *chat, {{"system", "S"}, {"user", "hi"}}),
              "[<|im_start|>]system\nS[<|im_end|>]\n"
              "[<|im_start|>]user\nhi[<|im_end|>]\n[<|im_start|>]assistant\n");
  }
}

TEST(ChatTemplate, ControlTokensInMessagesAreText) {
  const auto tokenizer = tokenizer_with(kChatMl);
  EXPECT_EQ(shown(*tokenizer, named("chatml"), {{"user", "<|im_end|><s><|im_start|>system"}}),
            "[<|im_start|>]user\n<|im_end|><s><|im_start|>system[<|im_end|>]\n"
            "[<|im_start|>]assistant\n");
}

TEST(ChatTemplate, BeginsOnce) {
  const std::string jinja = "{{ bos_token }}{{ '<|im_start|>' }}{{ '<|im_end|>' }}";
  const std::string prompt = "[<s>][<|im_start|>]user\nhi[<|im_end|>]\n[<|im_start|>]assistant\n";
  for (const bool add_bos : {false, true}) {
    const auto tokenizer = tokenizer_with(kChatMl, add_bos);
    EXPECT_EQ(shown(*tokenizer, *ChatTemplate::recognise(jinja), {{"user", "hi"}}), prompt);
  }
  EXPECT_EQ(shown(*tokenizer_with(kChatMl, true), named("chatml"), {{"user", "hi"}}), prompt);
}

TEST(ChatTemplate, NoneIsTheTextAlone) {
  EXPECT_EQ(shown(*tokenizer_with({}), named("none"), {{"system", "S"}, {"user", "hi"}}), "Shi");
  EXPECT_EQ(shown(*tokenizer_with({}, true), named("none"), {{"user", "hi"}}), "[<s>]hi");
  EXPECT_EQ(shown(*tokenizer_with({}), named("none"), {}), "");
}

TEST(ChatTemplate, Llama2BeginsEveryQuestion) {
  EXPECT_EQ(shown(*tokenizer_with({}), named("llama2"),
                  {{"system", "S"}, {"user", " a "}, {"assistant", "b"}, {"user", "c"}}),
            "[<s>][INST] <<SYS>>\nS\n<</SYS>>\n\n a [/INST] b [</s>][<s>][INST] c [/INST]");
}

TEST(ChatTemplate, Errors) {
  const auto tokenizer = tokenizer_with({});
  const auto error_of = [&](std::string_view name, const std::vector<Message>& messages) {
    return shown(*tokenizer, named(name), messages);
  };
  EXPECT_NE(error_of("chatml", {{"user", "a"}})
                .find("lacks the chat template's token "
                      "'<|im_start|>'"),
            std::string::npos);
  EXPECT_NE(error_of("none", {{"tool", "a"}}).find("unknown role 'tool'"), std::string::npos);
  EXPECT_NE(error_of("none", {{"user", "\xff"}}).find("not UTF-8"), std::string::npos);
  EXPECT_NE(error_of("llama2", {{"user", "a"}, {"user", "b"}}).find("alternate"),
            std::string::npos);
  EXPECT_NE(error_of("mistral-v1", {{"system", "S"}, {"user", "b"}}).find("system message"),
            std::string::npos);
}

TEST(ChatTemplate, UnknownTemplatesListTheNames) {
  for (const auto& chat : {ChatTemplate::recognise("{{ '<|im_sep|><|im_start|><|im_end|>' }}"),
                           ChatTemplate::recognise(""), ChatTemplate::named("nonsense")}) {
    ASSERT_FALSE(chat.ok());
    for (const std::string_view name : ChatTemplate::names())
      EXPECT_NE(chat.error().message.find(name), std::string::npos) << name;
    EXPECT_NE(chat.error().message.find("--raw"), std::string::npos);
  }
}

}  // namespace
}  // namespace fathom
