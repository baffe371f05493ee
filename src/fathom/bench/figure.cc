#include "fathom/bench/figure.h"

#include <cstdio>
#include <utility>

namespace fathom {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kNameWidth = 62;

// "0.045", "12.35", "834.1", "49152".
std::string short_number(double number) {
  char text[32];
  const double size = number < 0 ? -number : number;
  const char* const format = size >= 1000 ? "%.0f" : size >= 100 ? "%.1f" : "%.4g";
  std::snprintf(text, sizeof text, format, number);
  return text;
}

std::string show(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_number_float() ? short_number(value.get<double>()) : value.dump();
}

std::string pad(std::string text, size_t width) {
  if (text.size() < width) text.resize(width, ' ');
  return text;
}

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

void append(Json& object, const Json& members) {
  for (const auto& [key, value] : members.items()) object[key] = value;
}

}  // namespace

void set_ceiling(Figure& figure, std::optional<double> ceiling, std::string of) {
  figure.ceiling = ceiling;
  figure.of = std::move(of);
  if (figure.value && ceiling) figure.fraction = *figure.value / *ceiling;
}

std::string to_line(const Figure& figure) {
  std::string where = figure.name;
  for (const auto& [key, value] : figure.at.items()) where += "  " + key + " " + show(value);
  std::string line = pad(std::move(where), kNameWidth) + " ";
  line += pad(figure.value ? short_number(*figure.value) + " " + figure.unit : "none", 16);
  char text[64];
  if (figure.fraction) {
    std::snprintf(text, sizeof text, "%5.1f %% of ", 100 * *figure.fraction);
    line += text + figure.of;
  }
  if (figure.error) {
    std::snprintf(text, sizeof text, "  error %.1e", *figure.error);
    line += text;
  }
  for (const auto& [key, value] : figure.more.items()) line += "  " + key + " " + show(value);
  if (!figure.note.empty()) line += "  (" + figure.note + ")";
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

Json to_json(const Figure& figure) {
  Json json = {{"name", figure.name}};
  append(json, figure.at);
  json["value"] = or_null(figure.value);
  json["unit"] = figure.unit;
  json["ceiling"] = or_null(figure.ceiling);
  json["ceiling_of"] = figure.of.empty() ? Json(nullptr) : Json(figure.of);
  json["fraction"] = or_null(figure.fraction);
  json["error"] = or_null(figure.error);
  append(json, figure.more);
  json["note"] = figure.note.empty() ? Json(nullptr) : Json(figure.note);
  return json;
}

}  // namespace fathom
