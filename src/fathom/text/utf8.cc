#include "fathom/text/utf8.h"

#include <cassert>
#include <cstring>

namespace fathom {
namespace {

// How the bytes at an offset begin: with a whole character, with one that the end cuts off, or with
// bytes that can begin none.
enum class Form { whole, cut, bad };

struct Sequence {
  Form form;
  size_t length;  // bytes of the character, or of its longest beginning that is well formed
};

// The table of well-formed sequences: Unicode Standard, table 3-7.
Sequence sequence_at(std::string_view text, size_t offset) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[offset + i]); };
  const uint8_t lead = byte(0);
  uint8_t low = 0x80, high = 0xbf;  // what the second byte may be
  size_t length = 0;
  if (lead < 0x80) return {Form::whole, 1};
  if (lead >= 0xc2 && lead <= 0xdf) {
    length = 2;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    length = 3;
    if (lead == 0xe0) low = 0xa0;   // no overlong forms
    if (lead == 0xed) high = 0x9f;  // no surrogates
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    length = 4;
    if (lead == 0xf0) low = 0x90;   // no overlong forms
    if (lead == 0xf4) high = 0x8f;  // nothing above U+10FFFF
  } else {
    return {Form::bad, 1};
  }
  for (size_t i = 1; i < length; ++i) {
    if (offset + i == text.size()) return {Form::cut, i};
    if (byte(i) < low || byte(i) > high) return {Form::bad, i};
    low = 0x80;
    high = 0xbf;
  }
  return {Form::whole, length};
}

// Are the eight bytes at `data` ASCII?
bool eight_ascii(const char* data) {
  uint64_t word = 0;
  std::memcpy(&word, data, sizeof word);
  return (word & 0x8080808080808080u) == 0;
}

constexpr char32_t kReplacement = 0xfffd;

}  // namespace

std::optional<size_t> find_invalid_utf8(std::string_view text) {
  for (size_t offset = 0; offset < text.size();) {
    if (offset + 8 <= text.size() && eight_ascii(text.data() + offset)) {
      offset += 8;
      continue;
    }
    const Sequence sequence = sequence_at(text, offset);
    if (sequence.form != Form::whole) return offset;
    offset += sequence.length;
  }
  return std::nullopt;
}

char32_t next_code_point(std::string_view text, size_t& offset) {
  assert(offset < text.size());
  const auto take = [&] { return static_cast<uint8_t>(text[offset++]); };
  const uint8_t lead = take();
  if (lead < 0x80) return lead;
  const int rest = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
  char32_t code_point = lead & (0x3fu >> rest);
  for (int i = 0; i < rest; ++i) code_point = code_point << 6 | (take() & 0x3fu);
  return code_point;
}

void append_utf8(char32_t code_point, std::string& out) {
  const auto put = [&](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    put(code_point);
    return;
  }
  if (code_point < 0x800) {
    put(0xc0 | code_point >> 6);
  } else {
    if (code_point < 0x10000) {
      put(0xe0 | code_point >> 12);
    } else {
      put(0xf0 | code_point >> 18);
      put(0x80 | (code_point >> 12 & 0x3f));
    }
    put(0x80 | (code_point >> 6 & 0x3f));
  }
  put(0x80 | (code_point & 0x3f));
}

std::string Utf8Stream::push(std::string_view bytes) {
  pending_ += bytes;
  std::string out;
  size_t offset = 0;
  while (offset < pending_.size()) {
    const Sequence sequence = sequence_at(pending_, offset);
    if (sequence.form == Form::cut) break;
    if (sequence.form == Form::whole) {
      out.append(pending_, offset, sequence.length);
    } else {
      append_utf8(kReplacement, out);
    }
    offset += sequence.length;
  }
  pending_.erase(0, offset);
  return out;
}

std::string Utf8Stream::finish() {
  std::string out;
  if (!pending_.empty()) append_utf8(kReplacement, out);
  pending_.clear();
  return out;
}

}  // namespace fathom
