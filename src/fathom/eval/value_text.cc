#include "fathom/eval/value_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>
#include <utility>

#include "fathom/base/svg.h"
#include "fathom/text/utf8.h"

namespace fathom {
namespace {

constexpr std::string_view kMinus = "\u2212";

std::string fixed(double value, int decimals) {
  char text[512];  // the largest double has 309 digits
  std::snprintf(text, sizeof text, "%.*f", decimals, std::abs(value));
  const bool is_zero = std::string_view(text).find_first_not_of("0.") == std::string_view::npos;
  return (value < 0 && !is_zero ? std::string(kMinus) : "") + text;
}

// With commas between thousands.
std::string grouped(std::string digits) {
  const size_t first = digits.find_first_of("0123456789");
  const size_t end = std::min(digits.find('.'), digits.size());
  for (size_t at = end; at > first + 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string signed_text(double value, std::string text) {
  return value > 0 ? "+" + std::move(text) : text;
}

// "1024" and "1024", "0.125" as a share where the parameter is one.
std::string parameter_text(std::string_view name, std::string_view value) {
  double number = 0;
  const auto end = std::from_chars(value.data(), value.data() + value.size(), number);
  const bool is_number = end.ec == std::errc() && end.ptr == value.data() + value.size();
  const bool is_share = name == "budget" && is_number && number <= 1 && value != "1";
  return is_share ? share_text(number) : std::string(value);
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// "size=1024, near=2" is "1024, 2".
std::string parameters_text(std::string_view list) {
  std::string out;
  while (!list.empty()) {
    const size_t comma = list.find(',');
    const std::string_view item = trimmed(list.substr(0, comma));
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    const size_t equals = item.find('=');
    if (!out.empty()) out += ", ";
    out += equals == std::string_view::npos
               ? std::string(item)
               : parameter_text(item.substr(0, equals), item.substr(equals + 1));
  }
  return out;
}

}  // namespace

std::string number_text(double value) {
  if (!std::isfinite(value)) return "–";
  if (value == 0) return "0";
  const double size = std::abs(value);
  if (size < 1e-4 || size >= 1e9) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2g", value);
    return text;
  }
  const int decimals = std::max(0, 2 - static_cast<int>(std::floor(std::log10(size))));
  return grouped(fixed(value, decimals));
}

std::string count_text(size_t count) { return grouped(std::to_string(count)); }

std::string share_text(double share) {
  if (!std::isfinite(share)) return "–";
  std::string digits = fixed(share * 100, std::abs(share) < 0.0995 ? 2 : 1);
  while (digits.find('.') != std::string::npos && (digits.ends_with('0') || digits.ends_with('.')))
    digits.pop_back();
  return digits + " %";
}

std::string bytes_text(double bytes) {
  constexpr std::array<std::string_view, 5> units = {"B", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < units.size(); bytes /= 1024) ++unit;
  return number_text(bytes) + " " + std::string(units[unit]);
}

std::string fraction_text(double share) {
  constexpr std::array<std::pair<double, std::string_view>, 13> words = {
      {{3.0 / 4, "three quarters"},
       {2.0 / 3, "two thirds"},
       {1.0 / 2, "half"},
       {1.0 / 3, "a third"},
       {1.0 / 4, "a quarter"},
       {1.0 / 5, "a fifth"},
       {1.0 / 6, "a sixth"},
       {1.0 / 8, "an eighth"},
       {1.0 / 10, "a tenth"},
       {1.0 / 12, "a twelfth"},
       {1.0 / 16, "a sixteenth"},
       {1.0 / 20, "a twentieth"},
       {1.0 / 32, "1/32"}}};
  for (const auto& [value, word] : words)
    if (std::abs(share / value - 1) < 0.04) return std::string(word);
  return share_text(share);
}

std::string value_text(double value, Metric::Shown shown) {
  if (!std::isfinite(value)) return "–";
  switch (shown) {
    case Metric::Shown::percent:
      return fixed(value * 100, 1) + " %";
    case Metric::Shown::number:
      return number_text(value);
    case Metric::Shown::exponential:
      return number_text(std::exp(value));
  }
  return "–";
}

std::string range_text(const Interval& interval, Metric::Shown shown) {
  const auto text = [&](double value) {
    return shown == Metric::Shown::percent ? fixed(value * 100, 1) : value_text(value, shown);
  };
  return "[" + text(interval.low) + ", " + text(interval.high) + "]";
}

std::string difference_text(double difference, Metric::Shown shown) {
  if (!std::isfinite(difference)) return "–";
  switch (shown) {
    case Metric::Shown::percent:
      return signed_text(difference, fixed(difference * 100, 1) + " points");
    case Metric::Shown::number:
      return signed_text(difference, number_text(difference));
    case Metric::Shown::exponential:
      return signed_text(difference, fixed(std::expm1(difference) * 100, 1) + " %");
  }
  return "–";
}

std::string short_label(std::string_view label) {
  std::string out;
  for (size_t at = 0; at < label.size();) {
    const size_t open = label.find('(', at);
    if (open == std::string_view::npos) return out + std::string(label.substr(at));
    const size_t close = label.find_first_of("()", open + 1);
    if (close == std::string_view::npos || label[close] == '(') return std::string(label);
    out += label.substr(at, open - at);
    const std::string parameters = parameters_text(label.substr(open + 1, close - open - 1));
    if (!parameters.empty()) out += " " + parameters;
    at = close + 1;
  }
  return out;
}

std::string model_text(std::string_view model) {
  constexpr std::string_view ending = ".gguf";
  if (model.ends_with(ending)) model.remove_suffix(ending.size());
  return as_utf8(model.substr(model.rfind('/') + 1));  // none: from 0 on
}

std::string as_utf8(std::string_view bytes) {
  Utf8Stream stream;
  std::string text = stream.push(bytes);
  return text + stream.finish();
}

std::string elided(std::string_view text, double width, double size, bool bold) {
  if (text_width(text, size, bold) <= width) return std::string(text);
  const auto begins = [text](size_t at) {
    return (static_cast<unsigned char>(text[at]) & 0xc0) != 0x80;
  };
  std::string shown = "…";
  for (size_t head = 0, tail = text.size();
       head < tail;) {  // two from the front, one from the back
    size_t next_head = head, next_tail = tail;
    for (int i = 0; i < 2; ++i)
      for (++next_head; next_head < tail && !begins(next_head);) ++next_head;
    do --next_tail;
    while (next_tail > next_head && !begins(next_tail));
    if (next_head >= next_tail) break;
    std::string longer(text.substr(0, next_head));
    longer += "…";
    longer += text.substr(next_tail);
    if (text_width(longer, size, bold) > width) break;
    shown = std::move(longer);
    head = next_head;
    tail = next_tail;
  }
  return shown;
}

std::vector<std::string> wrapped(std::string_view text, double width, double size, bool bold) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const size_t space = text.find(' ');
    const std::string word = elided(text.substr(0, space), width, size, bold);
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
    std::string longer = lines.back().empty() ? word : lines.back() + " " + word;
    if (!lines.back().empty() && text_width(longer, size, bold) > width)
      lines.emplace_back(word);
    else
      lines.back() = std::move(longer);
  }
  return lines;
}

}  // namespace fathom
