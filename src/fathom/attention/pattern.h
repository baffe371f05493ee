// An attention pattern answers one question: may the query at position q see the key at position k?
//
// Patterns are small values. They say nothing about causality (the planner adds it), caches or
// instruction sets. A pattern is one file in patterns/ that defines a PatternPlugin named as the
// file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fathom/attention/parameters.h"
#include "fathom/base/position.h"
#include "fathom/base/result.h"

namespace fathom {

enum class Coverage : uint8_t { empty, partial, full };

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

  // A specification that makes this pattern, every parameter written out. Equal specifications
  // mean equal patterns.
  virtual std::string spec() const = 0;
};

using PatternPtr = std::shared_ptr<const Pattern>;

// Which head a pattern is for.
struct Placement {
  size_t layer = 0;
  size_t head = 0;   // a query head
  size_t heads = 1;  // of the layer
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
};

namespace patterns {
// Every pattern of the folder, by name.
std::span<const PatternPlugin* const> all();
}  // namespace patterns

}  // namespace fathom
