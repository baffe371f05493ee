// An attention pattern answers one question: may the query at position q see the key at position k?
//
// Most patterns are small values that the positions settle; some choose by queries and keys. They
// say nothing about causality (the planner adds it), caches or instruction sets. A pattern is one
// file in patterns/ that defines a PatternPlugin named as the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fathom/attention/key_order.h"
#include "fathom/base/parameters.h"
#include "fathom/base/position.h"
#include "fathom/base/result.h"

namespace fathom {

enum class Coverage : uint8_t { empty, partial, full };

class KeyIndex;
class Pattern;
class LaneCache;
struct AttentionShape;
using PatternPtr = std::shared_ptr<const Pattern>;

// Some of what a pattern sees, and the order of keys in which that is dense.
struct Term {
  KeyOrderPtr order;  // null: the cache's own
  PatternPtr whole;   // the pairs
  // What says the same of pairs of a query and a key in its lane. Its bounds are what planning
  // goes by: of all multiples of a number nothing is left to ask, within the lane of these.
  PatternPtr within;
  const LaneCache* copy = nullptr;  // the keys in that order; null: whoever plans has it
};

class Pattern {
 public:
  virtual ~Pattern() = default;

  virtual bool sees(Position query, Position key) const = 0;

  // A bound over the rectangle queries x keys (neither empty): `empty` and `full` are promises that
  // sees() is false, or true, on all of it; `partial` is always allowed. The planner cuts a partial
  // range of keys in halves, so a tight bound is what keeps planning fast.
  virtual Coverage cover(PositionRange queries, PositionRange keys) const = 0;

  // Appends numbers that settle what sees() says within the rectangle, wherever it lies: two
  // rectangles of one size with the same numbers show the same bits. The planner then makes the
  // mask of such rectangles once, which is what keeps planning of patterns that are partial
  // everywhere fast. False: no such numbers are known, and what was appended says nothing.
  virtual bool texture(PositionRange /*queries*/, PositionRange /*keys*/,
                       std::vector<int64_t>& /*numbers*/) const {
    return false;
  }

  // Sets bit j of rows[i] where queries[i] sees keys[j], for at most 64 of each, which both rise;
  // clears the others.
  virtual void mask(std::span<const Position> queries, std::span<const Position> keys,
                    std::span<uint64_t> rows) const;

  // Parts whose union is the pattern, in a text of up to `context` tokens. Empty: it is one, in the
  // cache's own order.
  virtual std::vector<Term> terms(int64_t /*context*/) const { return {}; }

  // Of a pattern that depends on content, what it keeps of a layer's keys (key_index.h); of its
  // own, sees() is then what it might see at most, and only what the index chooses is planned.
  // Null: content does not matter.
  virtual std::unique_ptr<KeyIndex> index(const AttentionShape& /*shape*/) const;

  // A specification that makes this pattern, every parameter written out. Equal specifications
  // mean equal patterns.
  virtual std::string spec() const = 0;
};

// Which head a pattern is for.
struct Placement {
  size_t layer = 0;
  size_t head = 0;                     // a query head
  size_t heads = 1;                    // of the layer
  std::optional<int64_t> window = {};  // the model's own, of the layer; none: it sees every key
};

struct PatternPlugin {
  std::string_view name;     // in a specification: name(key=value, ...)
  std::string_view summary;  // one line: what a query sees
  std::string_view paper;    // where it comes from
  std::span<const ParameterInfo> parameters;
  // A few specifications of it, edges included: every test of patterns runs them all.
  std::span<const std::string_view> examples;
  // Parameters have been checked against `parameters`: all are there and of the right kind. Whether
  // it fails must not depend on the placement.
  Result<PatternPtr> (*make)(const Parameters& parameters, const Placement& placement);
  // A specification of everyday sizes, for benchmarks; empty: the name alone, with its fallbacks.
  std::string_view typical = {};
  // Not to be joined with others: what a query sees is more than a set of keys.
  bool stands_alone = false;
};

namespace patterns {
// Every pattern of the folder, by name.
std::span<const PatternPlugin* const> all();
}  // namespace patterns

}  // namespace fathom
