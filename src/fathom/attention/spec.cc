#include "fathom/attention/spec.h"

#include <algorithm>

#include "fathom/attention/parameter_parser.h"
#include "fathom/attention/spec_cursor.h"

namespace fathom {
namespace {

// "full, window"
std::string pattern_names() {
  std::string names;
  for (const PatternPlugin* plugin : patterns::all()) {
    if (!names.empty()) names += ", ";
    names += plugin->name;
  }
  return names;
}

Result<PatternPtr> parse_one(SpecCursor& cursor) {
  const size_t at = cursor.next();
  const std::string_view name = cursor.take_name();
  const auto plugins = patterns::all();
  const auto plugin = std::ranges::find(plugins, name, &PatternPlugin::name);
  if (name.empty()) return cursor.error(at, "expected a pattern: one of " + pattern_names());
  if (plugin == plugins.end()) {
    return cursor.error(
        at, "no pattern '" + std::string(name) + "': it must be one of " + pattern_names());
  }
  FATHOM_TRY(const Parameters parameters, parse_parameters(cursor, name, (*plugin)->parameters));
  auto pattern = (*plugin)->make(parameters);
  if (!pattern) return cursor.error(at, pattern.error().message);
  return pattern;
}

}  // namespace

Result<PatternPtr> parse_pattern(std::string_view spec) {
  SpecCursor cursor(spec);
  FATHOM_TRY(PatternPtr pattern, parse_one(cursor));
  if (!cursor.at_end()) return cursor.expected("the end of the specification");
  return pattern;
}

}  // namespace fathom
