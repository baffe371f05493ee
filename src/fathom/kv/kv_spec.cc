#include "fathom/kv/kv_spec.h"

#include <algorithm>
#include <array>

#include "fathom/base/parameter_parser.h"
#include "fathom/base/spec_cursor.h"

namespace fathom {
namespace {

constexpr std::array kTypes = {KvType::f32, KvType::f16, KvType::bf16, KvType::q8, KvType::q4};

std::string type_names() {
  std::string names;
  for (const KvType type : kTypes)
    names += (names.empty() ? "" : ", ") + std::string(fathom::name(type));
  return names;
}

std::string policy_names() {
  std::string names;
  for (const PolicyPlugin* plugin : policies::all())
    names += (names.empty() ? "" : ", ") + std::string(plugin->name);
  return names;
}

std::optional<KvType> type_of(std::string_view text) {
  const auto* const found =
      std::ranges::find(kTypes, text, [](KvType type) { return fathom::name(type); });
  return found == kTypes.end() ? std::nullopt : std::optional(*found);
}

class Parser {
 public:
  explicit Parser(std::string_view text) : cursor_(text) {}

  Result<KvSpec> parse() {
    do {
      FATHOM_CHECK(parse_part());
    } while (cursor_.take(';'));
    if (!cursor_.at_end()) return cursor_.expected("';' or the end of the specification");
    if (spec_.policy == nullptr) {
      SpecCursor keep("keep");
      FATHOM_CHECK(parse_policy(keep, 0, keep.take_name()));
    }
    return spec_;
  }

 private:
  Status parse_part() {
    const size_t at = cursor_.next();
    const std::string_view name = cursor_.take_name();
    const std::optional<KvType> both = type_of(name);
    if (both || name == "k" || name == "v") {
      if (spec_.keys || spec_.values) return cursor_.error(at, "types are given twice");
      if (!both) return parse_sides(at, name);
      spec_.keys = spec_.values = both;
      return {};
    }
    if (spec_.policy != nullptr && !name.empty())
      return cursor_.error(at, "there is a policy already: " + spec_.policy->spec());
    return parse_policy(cursor_, at, name);
  }

  // Of "k=q8, v=q4", the first letter taken.
  Status parse_sides(size_t at, std::string_view side) {
    while (true) {
      if (side != "k" && side != "v") return cursor_.error(at, "expected k=type or v=type");
      std::optional<KvType>& type = side == "k" ? spec_.keys : spec_.values;
      if (type) return cursor_.error(at, std::string(side) + " is given twice");
      if (!cursor_.take('=')) return cursor_.expected("'=' after " + std::string(side));
      const size_t type_at = cursor_.next();
      type = type_of(cursor_.take_name());
      if (!type) return cursor_.error(type_at, "expected a type: one of " + type_names());
      if (!cursor_.take(',')) return {};
      at = cursor_.next();
      side = cursor_.take_name();
    }
  }

  Status parse_policy(SpecCursor& cursor, size_t at, std::string_view name) {
    const auto plugins = policies::all();
    const auto plugin = std::ranges::find(plugins, name, &PolicyPlugin::name);
    if (plugin == plugins.end()) {
      const std::string wrong = name.empty()
                                    ? "expected a type or a policy"
                                    : "'" + std::string(name) + "' is neither a type nor a policy";
      return cursor.error(at, wrong + ": types are " + type_names() + ", k=type and v=type; " +
                                  "policies " + policy_names());
    }
    FATHOM_TRY(const Parameters given, parse_parameters(cursor, name, (*plugin)->parameters));
    auto made = (*plugin)->make(given);
    if (!made) return cursor.error(at, made.error().message);
    spec_.policy = std::move(*made);
    return {};
  }

  SpecCursor cursor_;
  KvSpec spec_;
};

}  // namespace

std::string KvSpec::spec() const {
  std::string types;
  if (keys && keys == values) {
    types = fathom::name(*keys);
  } else {
    if (keys) types = "k=" + std::string(fathom::name(*keys));
    if (values) types += (keys ? ", v=" : "v=") + std::string(fathom::name(*values));
  }
  return (types.empty() ? "" : types + "; ") + policy->spec();
}

Result<KvSpec> parse_kv_spec(std::string_view text) { return Parser(text).parse(); }

}  // namespace fathom
