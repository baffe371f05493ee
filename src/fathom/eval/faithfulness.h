// Is a summary true to its document? The cheap half of an answer: its numbers and names.
//
// A claim is a number, with its unit where one follows, or a name: a word with a capital inside a
// sentence. Numbers are made alike: "1,000" and "1000", "12.50 %" and "12.5 percent", "30 days" and
// "30-day". A summary may be false with true claims; one with claims that its document does not
// have has made them up, or counted.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace fathom {

struct Claims {
  std::set<std::string> numbers;  // "1000", "12.5%", "30 day", "$5"
  std::set<std::string> names;    // in small letters

  void merge(Claims other) {
    numbers.merge(other.numbers);
    names.merge(other.names);
  }
};
Claims claims_of(std::string_view text);

// The share of some claims that a text has: names in any case and anywhere, numbers with their unit
// or as bare as they are claimed. None: there are no claims.
std::optional<double> share_in(const Claims& claims, std::string_view text);

}  // namespace fathom
