// What a part of a stored prefill says of itself: of which text under which settings it is, and
// what its sections hold.
//
// A part has the keys and values of the text's positions [begin, end), of all layers and KV heads.
// Parts make chains: each names the text before it, so that texts with a common beginning share its
// parts. Of a cache that drops tokens a part has all that is left at `end`, and begin is 0.
//
// A chain's names are hashes: that of no text is its key, of the model and of all settings that
// change values; that of a text is of the name of its beginning and the tokens after that.
//
// In a file, little-endian:
//
//   preamble   "FATHOMKV", version u32, zero u32, bytes of preamble and header u64, the header's
//              XXH3-64 with the version as its seed u64: the same in all versions
//   header     the fields below in order; strings and lists after their length, u64
//   sections   back to back, one for each KV head of each layer (part_file.h)
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fathom/base/position.h"
#include "fathom/base/result.h"

namespace fathom {

// One KV head's blocks of kBlock tokens, in order: its keys, then its values, block by block.
struct PartHead {
  uint64_t bytes = 0;
  uint64_t hash = 0;           // XXH3-64 of the section
  std::vector<uint8_t> coded;  // for each block whether it is coded (KvHeadView)
  // Where its slots stand in the text. None: all of [begin, end).
  std::vector<uint32_t> positions;
};

struct PartHeader {
  std::string key;
  std::string parent;
  uint64_t begin = 0;
  std::vector<TokenId> tokens;
  std::vector<PartHead> heads;  // layer by layer
  std::string statistics;       // of a policy that drops tokens: its own bytes

  // For people.
  std::string model;
  std::string settings;
  std::string text;      // how the document begins
  uint64_t created = 0;  // seconds since 1970

  uint64_t end() const { return begin + tokens.size(); }
  // Whether it is of a cache that has dropped tokens: of use only to a text that has all of its.
  bool is_state() const;
  std::string id() const;
};

constexpr size_t kIdDigits = 32;

// The name of a text: of its beginning's name and the tokens that follow.
std::string chain_id(std::string_view parent, std::span<const TokenId> tokens);

// Preamble and header, and back. `bytes` is what a file begins with. Errors name the file: not a
// part, of another version, damaged, or what it says cannot be.
constexpr size_t kPreambleBytes = 32;
std::string to_bytes(const PartHeader& header);
// Whether a file's bytes begin with a preamble and header of a version to come, undamaged.
bool is_of_newer_version(std::span<const std::byte> bytes);
// How many bytes preamble and header have together.
Result<uint64_t> part_header_bytes(std::span<const std::byte> preamble, const std::string& file);
Result<PartHeader> parse_part_header(std::span<const std::byte> bytes, const std::string& file);

}  // namespace fathom
