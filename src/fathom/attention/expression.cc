#include "fathom/attention/expression.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "fathom/attention/compose.h"
#include "fathom/base/parameter_parser.h"

namespace fathom {
namespace {

// Parentheses nest at most this deep, so that no text exhausts the stack.
constexpr int kDeepest = 64;

// "full, window"
std::string pattern_names() {
  std::string names;
  for (const PatternPlugin* plugin : patterns::all()) {
    if (!names.empty()) names += ", ";
    names += plugin->name;
  }
  return names;
}

}  // namespace

Result<Expression> Expression::parse_joined(SpecCursor& cursor, Kind kind, int depth) {
  std::vector<Expression> parts;
  do {
    FATHOM_TRY(Expression part, kind == Kind::either ? parse_joined(cursor, Kind::all, depth)
                                                     : parse_factor(cursor, depth));
    parts.push_back(std::move(part));
  } while (cursor.take(kind == Kind::either ? '|' : '&'));
  return join(cursor, kind, std::move(parts));
}

Result<Expression> Expression::parse_factor(SpecCursor& cursor, int depth) {
  const size_t at = cursor.next();
  if (!cursor.take('(')) return parse_pattern(cursor);
  if (depth == kDeepest)
    return cursor.error(at, "more than " + std::to_string(kDeepest) + " parentheses deep");
  FATHOM_TRY(Expression inner, parse_joined(cursor, Kind::either, depth + 1));
  if (!cursor.take(')')) return cursor.expected("'|', '&' or ')'");
  return inner;
}

Result<Expression> Expression::parse_pattern(SpecCursor& cursor) {
  const size_t at = cursor.next();
  const std::string_view name = cursor.take_name();
  const auto plugins = patterns::all();
  const auto plugin = std::ranges::find(plugins, name, &PatternPlugin::name);
  if (name.empty()) return cursor.error(at, "expected a pattern: one of " + pattern_names());
  if (plugin == plugins.end()) {
    return cursor.error(
        at, "no pattern '" + std::string(name) + "': it must be one of " + pattern_names());
  }
  Expression leaf;
  leaf.plugin_ = *plugin;
  FATHOM_TRY(leaf.parameters_, parse_parameters(cursor, name, leaf.plugin_->parameters));
  leaf.at_ = at;
  const auto made = leaf.plugin_->make(leaf.parameters_, {});
  if (!made) return cursor.error(at, made.error().message);
  return leaf;
}

Result<Expression> Expression::join(SpecCursor& cursor, Kind kind, std::vector<Expression> parts) {
  if (parts.size() == 1) return std::move(parts.front());
  size_t patterns = 0;
  for (const Expression& part : parts) {
    patterns += part.patterns();
    if (part.kind_ == Kind::pattern && part.plugin_->stands_alone)
      return cursor.error(part.at_, std::string(part.plugin_->name) +
                                        " cannot be joined with other patterns: give it a layer "
                                        "or a head of its own, as in 'even: " +
                                        std::string(part.plugin_->name) + "; odd: streaming'");
  }
  if (patterns > kMostPatterns)
    return cursor.expected("at most " + std::to_string(kMostPatterns) + " patterns joined, not " +
                           std::to_string(patterns) + ",");
  Expression joined;
  joined.kind_ = kind;
  joined.parts_ = std::move(parts);
  return joined;
}

size_t Expression::patterns() const {
  size_t count = kind_ == Kind::pattern ? 1 : 0;
  for (const Expression& part : parts_) count += part.patterns();
  return count;
}

PatternPtr Expression::pattern_for(const Placement& placement) const {
  if (kind_ == Kind::pattern) {
    auto pattern = plugin_->make(parameters_, placement);
    assert(pattern.ok() && "it was made when it was parsed");
    return std::move(*pattern);
  }
  PatternPtr joined = parts_.front().pattern_for(placement);
  for (size_t i = 1; i < parts_.size(); ++i) {
    PatternPtr part = parts_[i].pattern_for(placement);
    joined = kind_ == Kind::either ? unite(std::move(joined), std::move(part))
                                   : intersect(std::move(joined), std::move(part));
  }
  return joined;
}

std::string Expression::spec() const {
  if (kind_ == Kind::pattern)
    return std::string(plugin_->name) + to_text(parameters_, plugin_->parameters);
  std::string text;
  for (const Expression& part : parts_) {
    if (!text.empty()) text += kind_ == Kind::either ? " | " : " & ";
    const bool enclosed = kind_ == Kind::all && part.kind_ == Kind::either;
    text += enclosed ? "(" + part.spec() + ")" : part.spec();
  }
  return text;
}

}  // namespace fathom
