// Which layers and heads a clause of an attention specification is about.
//
//   selector = layers [ heads ] | heads
//   layers   = "*" | part { "," part }       part = "even" | "odd" | N [ "-" M ]
//   heads    = "heads" N [ "-" M ] { "," N [ "-" M ] }
//
// Layers and query heads count from 0.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "fathom/attention/pattern.h"
#include "fathom/base/result.h"
#include "fathom/base/spec_cursor.h"

namespace fathom {

class Selector {
 public:
  // All layers and heads.
  Selector() = default;

  // Whether a selector comes next; else it is a pattern.
  static bool comes_next(SpecCursor& cursor);
  // Takes a selector and its colon. Errors point at the character and say what is valid.
  static Result<Selector> parse(SpecCursor& cursor);

  // "*": what no clause without one selects.
  bool is_rest() const { return rest_; }
  bool selects(const Placement& placement) const;

  // `heads`: how many each layer has. Error: a layer or head that is not there, in `spec`, which
  // this was parsed from.
  Status check(std::string_view spec, std::span<const size_t> heads) const;

  // "0-3, even heads 0: "; nothing for all.
  std::string spec() const;

 private:
  // first, first + step, ... up to last; open if it is kOpen.
  struct Numbers {
    size_t first = 0;
    size_t last = 0;
    size_t step = 1;
    size_t at = 0;  // offset in the specification
    bool has(size_t number) const {
      return first <= number && number <= last && (number - first) % step == 0;
    }
  };

  static Result<Numbers> parse_numbers(SpecCursor& cursor, std::string_view of);
  static Result<Numbers> parse_layers(SpecCursor& cursor);
  static bool any_has(const std::vector<Numbers>& among, size_t number);
  static std::string to_text(const std::vector<Numbers>& numbers);

  bool rest_ = false;
  std::vector<Numbers> layers_;  // none: all
  std::vector<Numbers> heads_;   // none: all
};

}  // namespace fathom
