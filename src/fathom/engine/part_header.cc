#include "fathom/engine/part_header.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <type_traits>
#include <utility>

#include <xxhash.h>

#include "fathom/engine/sha256.h"
#include "fathom/gguf/cursor.h"
#include "fathom/kernels/block_plan.h"

namespace fathom {
namespace {

using gguf::Cursor;

constexpr std::string_view kMagic = "FATHOMKV";
constexpr uint32_t kVersion = 2;
constexpr size_t kVersionAt = 8;
constexpr size_t kBytesAt = 16;
constexpr size_t kHashAt = 24;
constexpr uint64_t kMostPositions = uint64_t{1} << 31;

template <class T>
void put(std::string& out, T value) {
  static_assert(std::is_trivially_copyable_v<T>);
  out.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

template <class T>
void put_list(std::string& out, std::span<const T> list) {
  put(out, uint64_t{list.size()});
  out.append(reinterpret_cast<const char*>(list.data()), list.size_bytes());
}

void put_text(std::string& out, std::string_view text) {
  put_list(out, std::span<const char>(text));
}

template <class T>
Result<std::vector<T>> read_list(Cursor& cursor, const std::string& what) {
  FATHOM_TRY(const uint64_t count, cursor.read_count(what, sizeof(T)));
  std::vector<T> list;
  list.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    FATHOM_TRY(const T value, cursor.read<T>(what));
    list.push_back(value);
  }
  return list;
}

Status read_text(Cursor& cursor, const std::string& what, std::string& text) {
  FATHOM_TRY(text, cursor.read_string(what));
  return {};
}

bool is_id(std::string_view text) {
  return text.size() == kIdDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<PartHead> read_head(Cursor& cursor, const PartHeader& header) {
  PartHead head;
  FATHOM_TRY(head.bytes, cursor.read<uint64_t>("a section's bytes"));
  FATHOM_TRY(head.hash, cursor.read<uint64_t>("a section's checksum"));
  FATHOM_TRY(head.coded, read_list<uint8_t>(cursor, "a section's blocks"));
  FATHOM_TRY(head.positions, read_list<uint32_t>(cursor, "a section's positions"));

  const auto& positions = head.positions;
  const bool ascending =
      std::ranges::adjacent_find(positions, std::greater_equal<>()) == positions.end();
  if (!ascending || (!positions.empty() && positions.back() >= header.end()))
    return cursor.error("positions do not ascend up to the part's end");
  const uint64_t slots = positions.empty() ? header.tokens.size() : positions.size();
  if (head.coded.size() != (slots + kBlock - 1) / kBlock)
    return cursor.error("a section has another number of blocks than its tokens need");
  if (std::ranges::any_of(head.coded, [](uint8_t flag) { return flag > 1; }))
    return cursor.error("a block is neither coded nor plain");
  return head;
}

// Both are checksummed: what follows guards against files that were made wrong.
Status read_fields(Cursor& cursor, PartHeader& header) {
  FATHOM_CHECK(read_text(cursor, "the key", header.key));
  FATHOM_CHECK(read_text(cursor, "the parent", header.parent));
  if (!is_id(header.key) || !is_id(header.parent)) return cursor.error("a name is not a hash");
  FATHOM_TRY(header.begin, cursor.read<uint64_t>("where it begins"));
  FATHOM_TRY(header.tokens, read_list<TokenId>(cursor, "the tokens"));
  if (header.tokens.empty() || header.begin > kMostPositions || header.end() > kMostPositions)
    return cursor.error("it has no tokens, or too many");
  if ((header.begin == 0) != (header.parent == header.key))
    return cursor.error("where it begins does not fit its parent");
  // The least that a head takes: its numbers and two empty lists.
  FATHOM_TRY(const uint64_t heads, cursor.read_count("the sections", 4 * sizeof(uint64_t)));
  for (uint64_t i = 0; i < heads; ++i) {
    FATHOM_TRY(PartHead head, read_head(cursor, header));
    header.heads.push_back(std::move(head));
  }
  FATHOM_CHECK(read_text(cursor, "the policy's statistics", header.statistics));
  FATHOM_CHECK(read_text(cursor, "the model", header.model));
  FATHOM_CHECK(read_text(cursor, "the settings", header.settings));
  FATHOM_CHECK(read_text(cursor, "the text", header.text));
  FATHOM_TRY(header.created, cursor.read<uint64_t>("when it was made"));
  if (cursor.left() > 0) return cursor.error("the header has more than its fields");
  return {};
}

template <class T>
T number_at(std::span<const std::byte> bytes, size_t offset) {
  T number;
  std::memcpy(&number, bytes.data() + offset, sizeof number);
  return number;
}

// Of what follows the preamble.
uint64_t hash_of(std::span<const std::byte> bytes, uint32_t version) {
  const auto fields = bytes.subspan(kPreambleBytes);
  return XXH3_64bits_withSeed(fields.data(), fields.size(), version);
}

}  // namespace

std::string PartHeader::id() const { return chain_id(parent, tokens); }

bool PartHeader::is_state() const {
  return !statistics.empty() ||
         std::ranges::any_of(heads, [](const PartHead& head) { return !head.positions.empty(); });
}

std::string chain_id(std::string_view parent, std::span<const TokenId> tokens) {
  Sha256 hash;
  hash.add(parent);
  hash.add(std::as_bytes(tokens));
  return hash.finish().substr(0, kIdDigits);
}

std::string to_bytes(const PartHeader& header) {
  std::string fields;
  put_text(fields, header.key);
  put_text(fields, header.parent);
  put(fields, header.begin);
  put_list(fields, std::span(header.tokens));
  put(fields, uint64_t{header.heads.size()});
  for (const PartHead& head : header.heads) {
    put(fields, head.bytes);
    put(fields, head.hash);
    put_list(fields, std::span(head.coded));
    put_list(fields, std::span(head.positions));
  }
  put_text(fields, header.statistics);
  put_text(fields, header.model);
  put_text(fields, header.settings);
  put_text(fields, header.text);
  put(fields, header.created);

  std::string bytes(kMagic);
  put(bytes, kVersion);
  put(bytes, uint32_t{0});
  put(bytes, uint64_t{kPreambleBytes + fields.size()});
  put(bytes, XXH3_64bits_withSeed(fields.data(), fields.size(), kVersion));
  return bytes + fields;
}

bool is_of_newer_version(std::span<const std::byte> bytes) {
  if (bytes.size() < kPreambleBytes || std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) != 0)
    return false;
  const auto version = number_at<uint32_t>(bytes, kVersionAt);
  const auto count = number_at<uint64_t>(bytes, kBytesAt);
  if (version <= kVersion || count < kPreambleBytes || count > bytes.size()) return false;
  return hash_of(bytes.first(count), version) == number_at<uint64_t>(bytes, kHashAt);
}

Result<uint64_t> part_header_bytes(std::span<const std::byte> preamble, const std::string& file) {
  Cursor cursor(preamble, file);
  if (preamble.size() < kPreambleBytes ||
      std::memcmp(preamble.data(), kMagic.data(), kMagic.size()) != 0)
    return Error{file + ": not a part of a stored prefill"};
  FATHOM_TRY([[maybe_unused]] const uint64_t magic, cursor.read<uint64_t>("the magic"));
  FATHOM_TRY(const uint32_t version, cursor.read<uint32_t>("the version"));
  if (version != kVersion)
    return Error{file + ": is of version " + std::to_string(version) + "; this program reads " +
                 std::to_string(kVersion)};
  FATHOM_TRY(const uint32_t zero, cursor.read<uint32_t>("zeros"));
  FATHOM_TRY(const uint64_t bytes, cursor.read<uint64_t>("the header's bytes"));
  if (zero != 0 || bytes < kPreambleBytes)
    return Error{file + ": is damaged: its preamble cannot be"};
  return bytes;
}

Result<PartHeader> parse_part_header(std::span<const std::byte> bytes, const std::string& file) {
  FATHOM_TRY(const uint64_t expected, part_header_bytes(bytes, file));
  if (bytes.size() != expected) return Error{file + ": is cut off within its header"};
  if (hash_of(bytes, kVersion) != number_at<uint64_t>(bytes, kHashAt))
    return Error{file + ": is damaged: its header's checksum is wrong"};
  Cursor cursor(bytes.subspan(kPreambleBytes), file);
  PartHeader header;
  FATHOM_CHECK(read_fields(cursor, header));
  return header;
}

}  // namespace fathom
