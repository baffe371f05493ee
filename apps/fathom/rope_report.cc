#include "rope_report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numbers>
#include <utility>

#include "fathom/bench/plot_svg.h"
#include "fathom/model/rope_table.h"
#include "terminal.h"

namespace fathom {
namespace {

double wavelength(double frequency) { return 2 * std::numbers::pi / frequency; }

// Four digits, or whole: "6.283", "125664".
std::string four_digits(double value) {
  char text[400];  // the largest double has 309 digits
  std::snprintf(text, sizeof text, value < 1000 ? "%.4g" : "%.0f", value);
  return text;
}

// "0-4, 6": ascending numbers.
std::string ranges_of(const std::vector<size_t>& numbers) {
  std::string text;
  for (size_t i = 0; i < numbers.size();) {
    size_t last = i;
    while (last + 1 < numbers.size() && numbers[last + 1] == numbers[last] + 1) ++last;
    text += (text.empty() ? "" : ", ") + std::to_string(numbers[i]);
    if (last > i) text += "-" + std::to_string(numbers[last]);
    i = last + 1;
  }
  return text;
}

std::string name_of(const RopeLayers& kind) {
  return kind.window ? "windows of " + grouped(*kind.window) + " tokens" : "global";
}

std::string kind_text(const RopeLayers& kind, size_t trained) {
  std::string text = "\n" + name_of(kind) + ": layers " + ranges_of(kind.layers) + "; base " +
                     four_digits(kind.facts.base) + "; cos and sin times " +
                     four_digits(kind.scaled.magnitude) + "\n" +
                     " pair  wavelength   in force  factor  turns in training\n";
  for (size_t i = 0; i < kind.plain.frequencies.size(); ++i) {
    const double plain = wavelength(kind.plain.frequencies[i]);
    const double scaled = wavelength(kind.scaled.frequencies[i]);
    char line[1700];
    std::snprintf(line, sizeof line, "%5zu  %10s %10s  %6s  %17s\n", i, four_digits(plain).c_str(),
                  four_digits(scaled).c_str(), four_digits(scaled / plain).c_str(),
                  four_digits(static_cast<double>(trained) / plain).c_str());
    text += line;
  }
  return text;
}

nlohmann::ordered_json kind_json(const RopeLayers& kind, size_t trained) {
  nlohmann::ordered_json pairs = nlohmann::ordered_json::array();
  for (size_t i = 0; i < kind.plain.frequencies.size(); ++i) {
    const double plain = wavelength(kind.plain.frequencies[i]);
    const double scaled = wavelength(kind.scaled.frequencies[i]);
    pairs.push_back({{"frequency", kind.scaled.frequencies[i]},
                     {"wavelength_unscaled", plain},
                     {"wavelength", scaled},
                     {"factor", scaled / plain},
                     {"turns_in_training", static_cast<double>(trained) / plain}});
  }
  return {{"layers", kind.layers},
          {"window", kind.window ? nlohmann::ordered_json(*kind.window) : nullptr},
          {"base", kind.facts.base},
          {"original_context", kind.facts.original},
          {"pairing", kind.facts.pairing == RopePairing::adjacent ? "adjacent" : "halves"},
          {"magnitude", kind.scaled.magnitude},
          {"pairs", pairs}};
}

}  // namespace

std::vector<RopeLayers> rope_kinds(const ModelSpec& model) {
  std::vector<RopeLayers> kinds;
  for (size_t i = 0; i < model.layers.size(); ++i) {
    const AttentionSpec& attention = model.layers[i].attention;
    const auto alike = std::ranges::find_if(kinds, [&](const RopeLayers& kind) {
      return kind.window == attention.window && kind.scaled == attention.rope;
    });
    if (alike != kinds.end()) {
      alike->layers.push_back(i);
    } else {
      kinds.push_back({.layers = {i},
                       .window = attention.window,
                       .facts = attention.rope_facts,
                       .plain = rope_table(attention.rope_facts, {.kind = RopeKind::none}),
                       .scaled = attention.rope});
    }
  }
  return kinds;
}

std::string to_text(const RopeReport& report) {
  std::string text = "model      " + printable(report.model) + ", trained for " +
                     grouped(report.trained) + " tokens\n" +  //
                     "rope       " + report.in_force +
                     (report.reach ? ", reaches " + grouped(*report.reach) + " tokens" : "") +
                     "\n" +  //
                     "context    " + grouped(report.context) + " tokens\n";
  for (const std::string& note : report.notes) text += "note       " + note + "\n";
  for (const RopeLayers& kind : report.kinds) text += kind_text(kind, report.trained);
  return text;
}

nlohmann::ordered_json to_json(const RopeReport& report) {
  nlohmann::ordered_json kinds = nlohmann::ordered_json::array();
  for (const RopeLayers& kind : report.kinds) kinds.push_back(kind_json(kind, report.trained));
  return {{"model", report.model},
          {"asked", report.asked},
          {"rope", report.in_force},
          {"trained_context", report.trained},
          {"context", report.context},
          {"reach", report.reach ? nlohmann::ordered_json(*report.reach) : nullptr},
          {"notes", report.notes},
          {"kinds", kinds}};
}

std::string to_svg(const RopeReport& report) {
  Plot plot{.title = "RoPE in force: " + report.in_force,
            .x = {.label = "wavelength without scaling, tokens", .ticks = Ticks::decades},
            .y = {.label = "wavelength in force, tokens", .ticks = Ticks::decades},
            .series = {}};
  double least = INFINITY;
  double most = 0;
  for (const RopeLayers& kind : report.kinds) {
    Series series{.name = name_of(kind), .points = {}};
    for (size_t i = 0; i < kind.plain.frequencies.size(); ++i)
      series.points.push_back({.x = wavelength(kind.plain.frequencies[i]),
                               .y = wavelength(kind.scaled.frequencies[i])});
    for (const CurvePoint& point : series.points) {
      least = std::min(least, point.x);
      most = std::max(most, point.x);
    }
    plot.series.push_back(std::move(series));
  }
  const auto level = [&](const std::string& name, double y) {
    plot.series.push_back({.name = name, .points = {{.x = least, .y = y}, {.x = most, .y = y}}});
  };
  plot.series.push_back(
      {.name = "no scaling", .points = {{.x = least, .y = least}, {.x = most, .y = most}}});
  level("trained context", static_cast<double>(report.trained));
  if (report.context != report.trained) level("context", static_cast<double>(report.context));
  return to_svg(plot);
}

}  // namespace fathom
