// libFuzzer: any bytes as a vocabulary and a text. A vocabulary is either refused or tokenizes:
// what comes out are its tokens, and no control token among them.
//
// Input: a byte that chooses model and flags, then lines (tokens, an empty line, merges, an empty
// line), then the text. A token's first byte is its type and its score.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "fathom/text/chat_template.h"
#include "fathom/text/tokenizer.h"
#include "fathom/text/utf8.h"

namespace {

using namespace fathom;

void require(bool condition) {
  if (!condition) std::abort();
}

std::string_view take_line(std::string_view& rest) {
  const size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

Vocabulary read_vocabulary(std::string_view& rest, uint8_t flags) {
  static constexpr std::string_view kNames[] = {"smollm", "gpt-2", "llama-bpe", "qwen2", "default"};
  Vocabulary vocabulary;
  vocabulary.model = flags & 1 ? "llama" : "gpt2";
  vocabulary.pre = kNames[(flags >> 1) % 5];
  vocabulary.add_space_prefix = (flags & 64) != 0;
  vocabulary.add_bos = (flags & 128) != 0;
  for (auto line = take_line(rest); !line.empty(); line = take_line(rest)) {
    const auto head = static_cast<uint8_t>(line.front());
    vocabulary.tokens.emplace_back(line.substr(1));
    vocabulary.kinds.push_back(static_cast<TokenKind>(head % 8));
    const int score = head / 8;
    vocabulary.scores.push_back(static_cast<float>(score));
  }
  for (auto line = take_line(rest); !line.empty(); line = take_line(rest))
    vocabulary.merges.emplace_back(line);
  if (flags & 32) vocabulary.unknown = vocabulary.bos = vocabulary.eos = 0;
  return vocabulary;
}

void check_prompt(const Tokenizer& tokenizer, std::string_view source, std::string_view text) {
  const auto chat = ChatTemplate::recognise(source);
  if (!chat.ok()) return;
  const std::vector<Message> messages = {{"system", "s"}, {"user", std::string(text)}};
  const auto ids = chat->render(tokenizer, messages);
  if (!ids.ok()) return;
  for (const TokenId id : *ids) require(id >= 0 && static_cast<size_t>(id) < tokenizer.size());
}

void check_stream(std::string_view bytes) {
  Utf8Stream stream;
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) out += stream.push(bytes.substr(i, 3));
  out += stream.finish();
  require(!find_invalid_utf8(out));
  if (!find_invalid_utf8(bytes)) require(out == bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  rest.remove_prefix(1);
  check_stream(rest);
  auto tokenizer = Tokenizer::create(read_vocabulary(rest, data[0]));
  if (!tokenizer.ok()) return 0;
  std::vector<TokenId> ids;
  const bool good = (*tokenizer)->encode(rest, true, ids).ok();
  require(good == !find_invalid_utf8(rest));
  for (const TokenId id : ids) {
    require(id >= 0 && static_cast<size_t>(id) < (*tokenizer)->size());
    // Unknown characters become the unknown token, whatever its type.
    require((*tokenizer)->kind(id) != TokenKind::control ||
            id == (*tokenizer)->vocabulary().unknown);
  }
  (*tokenizer)->decode(ids);
  check_prompt(**tokenizer, rest, rest);
  return 0;
}
