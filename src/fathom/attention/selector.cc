#include "fathom/attention/selector.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace fathom {
namespace {

constexpr size_t kOpen = SIZE_MAX;  // "even" and "odd" end with the layers

bool is_digit(char c) { return c >= '0' && c <= '9'; }

Error lacks(const SpecCursor& cursor, size_t at, std::string_view what, size_t number,
            size_t count) {
  return cursor.error(at, "no " + std::string(what) + " " + std::to_string(number) +
                              ": the model has " + std::to_string(count) + ", 0 to " +
                              std::to_string(count - 1));
}

}  // namespace

bool Selector::comes_next(SpecCursor& cursor) {
  if (cursor.peek() == '*' || is_digit(cursor.peek())) return true;
  SpecCursor ahead = cursor;
  const std::string_view name = ahead.take_name();
  return name == "even" || name == "odd" || name == "heads";
}

Result<Selector> Selector::parse(SpecCursor& cursor) {
  Selector selector;
  bool has_heads = cursor.take_word("heads");
  if (!has_heads) {
    selector.rest_ = cursor.take('*');
    if (!selector.rest_) {
      do {
        FATHOM_TRY(const Numbers layers, parse_layers(cursor));
        selector.layers_.push_back(layers);
      } while (cursor.take(','));
    }
    has_heads = cursor.take_word("heads");
  }
  if (has_heads) {
    do {
      FATHOM_TRY(const Numbers heads, parse_numbers(cursor, "a head"));
      selector.heads_.push_back(heads);
    } while (cursor.take(','));
  }
  if (!cursor.take(':')) {
    if (selector.rest_) return cursor.expected("':' or 'heads' after '*'");
    return cursor.expected(has_heads ? "',' or ':'" : "',', 'heads' or ':'");
  }
  return selector;
}

Result<Selector::Numbers> Selector::parse_layers(SpecCursor& cursor) {
  const size_t at = cursor.next();
  if (cursor.take_word("even")) return Numbers{0, kOpen, 2, at};
  if (cursor.take_word("odd")) return Numbers{1, kOpen, 2, at};
  return parse_numbers(cursor, "a layer, 'even' or 'odd'");
}

// N or N-M.
Result<Selector::Numbers> Selector::parse_numbers(SpecCursor& cursor, std::string_view of) {
  const auto number = [&cursor, of]() -> Result<size_t> {
    const size_t at = cursor.next();
    const std::string_view digits = cursor.take_digits();
    uint32_t value = 0;
    const auto [stop, failure] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (digits.empty()) return cursor.error(at, "expected " + std::string(of));
    if (failure != std::errc{}) return cursor.error(at, "too large a number");
    return size_t{value};
  };
  const size_t at = cursor.next();
  FATHOM_TRY(const size_t first, number());
  if (!cursor.take('-')) return Numbers{first, first, 1, at};
  const size_t last_at = cursor.next();
  FATHOM_TRY(const size_t last, number());
  if (last < first)
    return cursor.error(
        last_at, "a range ends no earlier than it begins: at least " + std::to_string(first));
  return Numbers{first, last, 1, at};
}

bool Selector::any_has(const std::vector<Numbers>& among, size_t number) {
  return std::ranges::any_of(among, [number](const Numbers& one) { return one.has(number); });
}

bool Selector::selects(const Placement& placement) const {
  return (layers_.empty() || any_has(layers_, placement.layer)) &&
         (heads_.empty() || any_has(heads_, placement.head));
}

Status Selector::check(std::string_view spec, std::span<const size_t> heads) const {
  const SpecCursor text(spec);
  for (const Numbers& layers : layers_)
    if (layers.last != kOpen && layers.last >= heads.size())
      return lacks(text, layers.at, "layer", layers.last, heads.size());
  for (size_t layer = 0; layer < heads.size(); ++layer) {
    if (!layers_.empty() && !any_has(layers_, layer)) continue;
    for (const Numbers& named : heads_)
      if (named.last >= heads[layer])
        return lacks(text, named.at, "head", named.last, heads[layer]);
  }
  return {};
}

std::string Selector::to_text(const std::vector<Numbers>& numbers) {
  std::string text;
  for (const Numbers& one : numbers) {
    if (!text.empty()) text += ",";
    if (one.last == kOpen) {
      text += one.first == 0 ? "even" : "odd";
    } else {
      text += std::to_string(one.first);
      if (one.last != one.first) text += "-" + std::to_string(one.last);
    }
  }
  return text;
}

std::string Selector::spec() const {
  std::string text = rest_ ? "*" : to_text(layers_);
  if (!heads_.empty()) text += (text.empty() ? "heads " : " heads ") + to_text(heads_);
  return text.empty() ? "" : text + ": ";
}

}  // namespace fathom
