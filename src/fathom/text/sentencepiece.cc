#include "fathom/text/sentencepiece.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "fathom/text/merging.h"
#include "fathom/text/spelling_matcher.h"
#include "fathom/text/utf8.h"

namespace fathom {
namespace {

constexpr std::string_view kSpace = "\u2581";
constexpr char32_t kSpaceCodePoint = 0x2581;

std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  out.reserve(text.size());
  for (size_t begin = 0;;) {
    const size_t found = text.find(from, begin);
    out += text.substr(begin, found - begin);
    if (found == std::string_view::npos) return out;
    out += to;
    begin = found + from.size();
  }
}

// The byte that "<0xNN>" stands for.
std::optional<uint8_t> byte_of(std::string_view spelling) {
  static constexpr std::string_view kDigits = "0123456789ABCDEF";
  if (spelling.size() != 6 || !spelling.starts_with("<0x") || spelling[5] != '>') return {};
  const size_t high = kDigits.find(spelling[3]), low = kDigits.find(spelling[4]);
  if (high == std::string_view::npos || low == std::string_view::npos) return {};
  return static_cast<uint8_t>(high * 16 + low);
}

// The merges looked up last, by the pair's ids: most text asks for the same few thousand again.
class RecentMerges {
 public:
  struct Entry {
    TokenId left = -1;
    TokenId right = -1;
    Merge merge;
  };

  // Where the pair's merge stands, or may be put.
  Entry& at(TokenId left, TokenId right) {
    const uint64_t key = uint64_t{static_cast<uint32_t>(left)} << 32 | static_cast<uint32_t>(right);
    return entries_[key * 0x9e3779b97f4a7c15u >> (64 - kBits)];
  }

 private:
  static constexpr int kBits = 16;

  std::vector<Entry> entries_ = std::vector<Entry>(size_t{1} << kBits);
};

class SentencePiece final : public Tokenizer {
 public:
  explicit SentencePiece(Vocabulary vocabulary);

  // Is there a token for every character?
  bool covers_all() const { return has_byte_tokens_ || unknown_ >= 0; }

  Status encode(std::string_view text, bool at_start, std::vector<TokenId>& out) const override;
  std::string_view bytes(TokenId id) const override { return bytes_[static_cast<size_t>(id)]; }

 private:
  struct Scratch {
    SymbolMerger merger;
    std::vector<Symbol> symbols;
    RecentMerges recent;
  };

  void read_token(TokenId id);
  void read_scores();
  size_t read_word(std::string_view text, size_t begin, std::vector<Symbol>& symbols) const;
  void encode_plain(std::string_view text, Scratch& scratch, std::vector<TokenId>& out) const;
  void encode_unknown(std::string_view character, std::vector<TokenId>& out) const;
  Merge token_of(std::string_view text) const;

  std::vector<std::string> bytes_;                      // per token
  std::unordered_map<std::string_view, Merge> normal_;  // what text merges into
  size_t longest_ = 0;                                  // bytes of the longest of them
  std::unordered_set<char32_t> before_space_;           // characters before a space inside a token
  SpellingMatcher user_defined_;
  std::array<TokenId, 256> byte_tokens_;  // -1: none
  bool has_byte_tokens_ = false;          // all of them
  TokenId unknown_ = -1;                  // in their place; -1: none
};

SentencePiece::SentencePiece(Vocabulary vocabulary) : Tokenizer(std::move(vocabulary)) {
  byte_tokens_.fill(-1);
  bytes_.resize(size());
  normal_.reserve(size());
  for (size_t i = 0; i < size(); ++i) read_token(static_cast<TokenId>(i));
  has_byte_tokens_ = std::ranges::find(byte_tokens_, -1) == byte_tokens_.end();
  unknown_ = this->vocabulary().unknown.value_or(-1);
  read_scores();
}

void SentencePiece::read_token(TokenId id) {
  const std::string& spelling = vocabulary().tokens[static_cast<size_t>(id)];
  std::string& bytes = bytes_[static_cast<size_t>(id)];
  const TokenKind kind_of = kind(id);
  if (kind_of == TokenKind::control || kind_of == TokenKind::unknown) return;
  if (kind_of == TokenKind::byte) {
    const auto byte = byte_of(spelling);
    if (!byte) return;
    bytes.assign(1, static_cast<char>(*byte));
    if (byte_tokens_[*byte] < 0) byte_tokens_[*byte] = id;
    return;
  }
  bytes = replace_all(spelling, kSpace, " ");
  if (spelling.empty()) return;
  if (kind_of == TokenKind::user_defined) user_defined_.add(replace_all(spelling, " ", kSpace), id);
  if (kind_of != TokenKind::normal) return;
  normal_.emplace(spelling, Merge{0, id});
  longest_ = std::max(longest_, spelling.size());
  char32_t before = 0;
  for (size_t offset = 0; offset < spelling.size();) {
    const bool first = offset == 0;
    const char32_t c = next_code_point(spelling, offset);
    if (c == kSpaceCodePoint && !first) before_space_.insert(before);
    before = c;
  }
}

// A token's rank is the number of higher scores, so that equal scores rank equal.
void SentencePiece::read_scores() {
  const auto& scores = vocabulary().scores;
  std::vector<float> sorted = scores;
  std::ranges::sort(sorted, std::greater<>());
  for (auto& [spelling, merge] : normal_) {
    const float score = scores[static_cast<size_t>(merge.id)];
    const auto rank = std::ranges::lower_bound(sorted, score, std::greater<>()) - sorted.begin();
    merge.rank = static_cast<uint32_t>(rank);
  }
}

Status SentencePiece::encode(std::string_view text, bool at_start,
                             std::vector<TokenId>& out) const {
  FATHOM_CHECK(check_text(text));
  std::string spaced = at_start && vocabulary().add_space_prefix && !text.empty() ? " " : "";
  spaced = replace_all(spaced.append(text), " ", kSpace);
  Scratch scratch;
  for (size_t offset = 0; offset < spaced.size();) {
    const auto match = user_defined_.next(spaced, offset);
    encode_plain(std::string_view(spaced).substr(offset, match.begin - offset), scratch, out);
    if (match.id >= 0) out.push_back(match.id);
    offset = match.end;
  }
  return {};
}

void SentencePiece::encode_plain(std::string_view text, Scratch& scratch,
                                 std::vector<TokenId>& out) const {
  for (size_t begin = 0; begin < text.size();) {
    begin = read_word(text, begin, scratch.symbols);
    const auto find_merge = [&](const Symbol& left, const Symbol& right) {
      const std::string_view joined = text.substr(left.begin, right.end - left.begin);
      if (left.id < 0 || right.id < 0) return token_of(joined);
      RecentMerges::Entry& entry = scratch.recent.at(left.id, right.id);
      if (entry.left != left.id || entry.right != right.id)
        entry = {left.id, right.id, token_of(joined)};
      return entry.merge;
    };
    for (const Symbol& symbol : scratch.merger.run(scratch.symbols, find_merge)) {
      if (symbol.id >= 0) {
        out.push_back(symbol.id);
      } else {
        encode_unknown(text.substr(symbol.begin, symbol.end - symbol.begin), out);
      }
    }
  }
}

// The characters from `begin` up to the next that no merge can cross: a space behind a character
// that no token has before a space. Words are merged one by one, which is the same and needs less
// memory.
size_t SentencePiece::read_word(std::string_view text, size_t begin,
                                std::vector<Symbol>& symbols) const {
  symbols.clear();
  char32_t before = 0;
  for (size_t offset = begin; offset < text.size();) {
    const size_t start = offset;
    const char32_t c = next_code_point(text, offset);
    if (c == kSpaceCodePoint && start > begin && !before_space_.contains(before)) return start;
    symbols.push_back({static_cast<uint32_t>(start), static_cast<uint32_t>(offset),
                       token_of(text.substr(start, offset - start)).id});
    before = c;
  }
  return text.size();
}

Merge SentencePiece::token_of(std::string_view text) const {
  if (text.size() > longest_) return {};
  const auto found = normal_.find(text);
  return found == normal_.end() ? Merge{} : found->second;
}

void SentencePiece::encode_unknown(std::string_view character, std::vector<TokenId>& out) const {
  if (has_byte_tokens_) {
    for (const char byte : character) out.push_back(byte_tokens_[static_cast<uint8_t>(byte)]);
  } else if (out.empty() || out.back() != unknown_) {
    out.push_back(unknown_);  // one for a run of unknown characters
  }
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> make_sentencepiece(Vocabulary vocabulary) {
  if (vocabulary.scores.empty()) return Error{"a SentencePiece vocabulary without scores"};
  if (std::ranges::any_of(vocabulary.scores, [](float score) { return std::isnan(score); }))
    return Error{"a score of the vocabulary is not a number"};
  if (vocabulary.remove_extra_whitespaces)
    return Error{"a vocabulary that removes extra white space is not supported"};
  auto tokenizer = std::make_unique<SentencePiece>(std::move(vocabulary));
  if (!tokenizer->covers_all())
    return Error{
        "the vocabulary has neither all byte tokens <0x00> to <0xFF> nor an unknown token"};
  return std::unique_ptr<Tokenizer>(std::move(tokenizer));
}

}  // namespace fathom
