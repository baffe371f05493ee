#include "fathom/attention/expression.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "fathom/attention/compose.h"
#include "fathom/attention/parameter_parser.h"

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

Result<Expression> Expression::parse_union(SpecCursor& cursor, int depth) {
  FATHOM_TRY(Expression first, parse_term(cursor, depth));
  std::vector<Expression> others;
  while (cursor.take('|')) {
    FATHOM_TRY(Expression other, parse_term(cursor, depth));
    others.push_back(std::move(other));
  }
  return join(cursor, Kind::either, std::move(first), std::move(others));
}

Result<Expression> Expression::parse_term(SpecCursor& cursor, int depth) {
  FATHOM_TRY(Expression first, parse_factor(cursor, depth));
  std::vector<Expression> others;
  while (cursor.take('&')) {
    FATHOM_TRY(Expression other, parse_factor(cursor, depth));
    others.push_back(std::move(other));
  }
  return join(cursor, Kind::all, std::move(first), std::move(others));
}

Result<Expression> Expression::parse_factor(SpecCursor& cursor, int depth) {
  const size_t at = cursor.next();
  if (!cursor.take('(')) return parse_pattern(cursor);
  if (depth == kDeepest)
    return cursor.error(at, "more than " + std::to_string(kDeepest) + " parentheses deep");
  FATHOM_TRY(Expression inner, parse_union(cursor, depth + 1));
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

Result<Expression> Expression::join(SpecCursor& cursor, Kind kind, Expression first,
                                    std::vector<Expression> others) {
  if (others.empty()) return first;
  size_t patterns = first.patterns();
  for (const Expression& other : others) patterns += other.patterns();
  if (patterns > kMostPatterns)
    return cursor.expected("at most " + std::to_string(kMostPatterns) + " patterns joined, not " +
                           std::to_string(patterns) + ",");
  for (const Expression* part = &first; part != others.data() + others.size();
       part = part == &first ? others.data() : part + 1)
    if (part->kind_ == Kind::pattern && part->plugin_->stands_alone)
      return cursor.error(part->at_, std::string(part->plugin_->name) +
                                         " cannot be joined with other patterns: give it a layer "
                                         "or a head of its own, as in 'even: " +
                                         std::string(part->plugin_->name) + "; odd: streaming'");
  Expression joined;
  joined.kind_ = kind;
  joined.parts_.push_back(std::move(first));
  for (Expression& other : others) joined.parts_.push_back(std::move(other));
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
