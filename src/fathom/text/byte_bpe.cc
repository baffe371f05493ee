#include "fathom/text/byte_bpe.h"

#include <array>
#include <unordered_map>

#include "fathom/text/byte_alphabet.h"
#include "fathom/text/merging.h"
#include "fathom/text/pre_tokenizer.h"
#include "fathom/text/spelling_matcher.h"
#include "fathom/text/utf8.h"

namespace fathom {
namespace {

using TokenIds = std::unordered_map<std::string_view, TokenId>;

std::optional<TokenId> find(const TokenIds& ids, std::string_view spelling) {
  const auto found = ids.find(spelling);
  return found == ids.end() ? std::nullopt : std::optional(found->second);
}

uint64_t pair_key(TokenId left, TokenId right) {
  return uint64_t{static_cast<uint32_t>(left)} << 32 | static_cast<uint32_t>(right);
}

class ByteBpe final : public Tokenizer {
 public:
  ByteBpe(Vocabulary vocabulary, PreTokenizer pre_tokenizer);

  Status read_merges();

  Status encode(std::string_view text, bool at_start, std::vector<TokenId>& out) const override;
  std::string_view bytes(TokenId id) const override { return bytes_[static_cast<size_t>(id)]; }

 private:
  struct Scratch {
    SymbolMerger merger;
    std::vector<Symbol> symbols;
  };

  void read_tokens();
  void encode_piece(std::string_view piece, Scratch& scratch, std::vector<TokenId>& out) const;

  PreTokenizer pre_tokenizer_;
  std::vector<std::string> bytes_;  // per token
  TokenIds by_spelling_;            // what text may become: all but control tokens
  TokenIds by_bytes_;               // normal tokens
  SpellingMatcher user_defined_;
  std::array<TokenId, 256> byte_tokens_;        // -1: none
  std::unordered_map<uint64_t, Merge> merges_;  // by pair_key
};

ByteBpe::ByteBpe(Vocabulary vocabulary, PreTokenizer pre_tokenizer)
    : Tokenizer(std::move(vocabulary)), pre_tokenizer_(pre_tokenizer) {
  read_tokens();
  for (size_t byte = 0; byte < byte_tokens_.size(); ++byte) {
    std::string letter;
    append_utf8(byte_letter(static_cast<uint8_t>(byte)), letter);
    byte_tokens_[byte] = find(by_spelling_, letter).value_or(-1);
  }
}

void ByteBpe::read_tokens() {
  bytes_.resize(size());
  for (size_t i = 0; i < size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const std::string& spelling = vocabulary().tokens[i];
    const TokenKind kind_of = kind(id);
    if (kind_of == TokenKind::control || kind_of == TokenKind::unknown) continue;
    by_spelling_.emplace(spelling, id);
    if (kind_of == TokenKind::user_defined) {
      bytes_[i] = spelling;
      if (!spelling.empty()) user_defined_.add(spelling, id);
    } else if (auto bytes = spelled_bytes(spelling)) {
      bytes_[i] = std::move(*bytes);
      by_bytes_.emplace(bytes_[i], id);
    } else {
      bytes_[i] = spelling;
    }
  }
}

Status ByteBpe::read_merges() {
  const auto& merges = vocabulary().merges;
  merges_.reserve(merges.size());
  std::string joined;
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    const std::string_view merge = merges[rank];
    const size_t space = merge.find(' ');
    const auto bad = [&](std::string_view why) {
      return Error{"merge " + std::to_string(rank) + " ('" + merges[rank] + "') " +
                   std::string(why)};
    };
    if (space == std::string_view::npos) return bad("is not two tokens with a space between");
    joined.assign(merge.substr(0, space)).append(merge.substr(space + 1));
    const auto left = find(by_spelling_, merge.substr(0, space));
    const auto right = find(by_spelling_, merge.substr(space + 1));
    const auto whole = find(by_spelling_, joined);
    if (!left || !right) return bad("names a token that the vocabulary lacks");
    if (!whole) return bad("makes a token that the vocabulary lacks");
    merges_.emplace(pair_key(*left, *right), Merge{static_cast<uint32_t>(rank), *whole});
  }
  return {};
}

Status ByteBpe::encode(std::string_view text, bool /*at_start*/, std::vector<TokenId>& out) const {
  FATHOM_CHECK(check_text(text));
  Scratch scratch;
  const auto encode_one = [&](std::string_view piece) { encode_piece(piece, scratch, out); };
  for (size_t offset = 0; offset < text.size();) {
    const auto match = user_defined_.next(text, offset);
    pre_tokenizer_.split(text.substr(offset, match.begin - offset), encode_one);
    if (match.id >= 0) out.push_back(match.id);
    offset = match.end;
  }
  return {};
}

void ByteBpe::encode_piece(std::string_view piece, Scratch& scratch,
                           std::vector<TokenId>& out) const {
  if (pre_tokenizer_.whole_pieces_first()) {
    if (const auto id = find(by_bytes_, piece)) {
      out.push_back(*id);
      return;
    }
  }
  scratch.symbols.clear();
  for (uint32_t i = 0; i < piece.size(); ++i) {
    const TokenId id = byte_tokens_[static_cast<uint8_t>(piece[i])];
    if (id >= 0) scratch.symbols.push_back({i, i + 1, id});
  }
  const auto find_merge = [&](const Symbol& left, const Symbol& right) {
    const auto merge = merges_.find(pair_key(left.id, right.id));
    return merge == merges_.end() ? Merge{} : merge->second;
  };
  for (const Symbol& token : scratch.merger.run(scratch.symbols, find_merge))
    out.push_back(token.id);
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> make_byte_bpe(Vocabulary vocabulary) {
  const std::string name = vocabulary.pre.empty() ? "default" : vocabulary.pre;
  FATHOM_TRY(const PreTokenizer pre_tokenizer, PreTokenizer::named(name));
  auto tokenizer = std::make_unique<ByteBpe>(std::move(vocabulary), pre_tokenizer);
  FATHOM_CHECK(tokenizer->read_merges());
  return std::unique_ptr<Tokenizer>(std::move(tokenizer));
}

}  // namespace fathom
