#include "fathom/model/rope_scaling.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>

#include "fathom/base/parameter_parser.h"
#include "fathom/base/spec_cursor.h"

namespace fathom {
namespace {

// Numbers that are given are finite.
constexpr double kLeftOut = std::numeric_limits<double>::quiet_NaN();

constexpr size_t kMostTokens = size_t{1} << 40;
constexpr double kMostTimes = 1e12;

const ParameterInfo kFactor = {
    .name = "factor", .help = "how many times the original context", .fallback = kLeftOut};
const ParameterInfo kAttnFactor = {
    .name = "attn_factor", .help = "multiplies cos and sin", .fallback = kLeftOut};

const std::array<ParameterInfo, 1> kFactorAlone = {kFactor};
const std::array<ParameterInfo, 4> kYarn = {{
    kFactor,
    {.name = "beta_fast",
     .help = "pairs with more turns in the original context stay",
     .fallback = 32.0},
    {.name = "beta_slow", .help = "pairs with fewer are interpolated", .fallback = 1.0},
    kAttnFactor,
}};
const std::array<ParameterInfo, 4> kLlama3 = {{
    kFactor,
    {.name = "low", .help = "pairs with fewer turns are interpolated", .fallback = 1.0},
    {.name = "high", .help = "pairs with more stay", .fallback = 4.0},
    {.name = "original",
     .help = "tokens that the model was trained for first",
     .fallback = int64_t{0},  // left out
     .minimum = 1},
}};
const std::array<ParameterInfo, 3> kLongrope = {{
    {.name = "short",
     .help = "divisors up to the original context",
     .fallback = std::vector<double>()},
    {.name = "long", .help = "divisors beyond", .fallback = std::vector<double>()},
    kAttnFactor,
}};

const std::array<ParameterInfo, 2> kSelfExtend = {{
    {.name = "group",
     .help = "how many far tokens share a place",
     .fallback = int64_t{8},
     .minimum = 1},
    {.name = "window",
     .help = "tokens that are met at their distance",
     .fallback = int64_t{1024},
     .minimum = 1},
}};

struct KindInfo {
  RopeKind kind;
  std::string_view name;
  std::span<const ParameterInfo> parameters;
};

const std::array<KindInfo, 9> kKinds = {{
    {RopeKind::automatic, "auto", {}},
    {RopeKind::none, "none", {}},
    {RopeKind::linear, "linear", kFactorAlone},
    {RopeKind::ntk, "ntk", kFactorAlone},
    {RopeKind::dynamic_ntk, "dynamic_ntk", kFactorAlone},
    {RopeKind::yarn, "yarn", kYarn},
    {RopeKind::llama3, "llama3", kLlama3},
    {RopeKind::longrope, "longrope", kLongrope},
    {RopeKind::self_extend, "self_extend", kSelfExtend},
}};

const KindInfo& info_of(RopeKind kind) { return *std::ranges::find(kKinds, kind, &KindInfo::kind); }

std::optional<double> if_given(double value) {
  return std::isnan(value) ? std::nullopt : std::optional(value);
}

RopeScaling make(const KindInfo& info, const Parameters& given) {
  RopeScaling scaling{.kind = info.kind};
  const auto has = [&](std::string_view name) {
    return std::ranges::find(info.parameters, name, &ParameterInfo::name) != info.parameters.end();
  };
  if (has("factor")) scaling.factor = if_given(given.number("factor"));
  if (has("attn_factor")) scaling.attn_factor = if_given(given.number("attn_factor"));
  if (info.kind == RopeKind::yarn) {
    scaling.beta_fast = given.number("beta_fast");
    scaling.beta_slow = given.number("beta_slow");
  }
  if (info.kind == RopeKind::llama3) {
    scaling.low = given.number("low");
    scaling.high = given.number("high");
    if (const int64_t original = given.integer("original"); original != 0)
      scaling.original = static_cast<size_t>(original);
  }
  if (info.kind == RopeKind::longrope) {
    scaling.short_factors = given.numbers("short");
    scaling.long_factors = given.numbers("long");
  }
  if (info.kind == RopeKind::self_extend) {
    scaling.group = given.integer("group");
    scaling.window = given.integer("window");
  }
  return scaling;
}

// Whether frequencies stay finite numbers above 0 when they are multiplied or divided by this.
bool is_divisor(double value) { return value >= 1 / kMostTimes && value <= kMostTimes; }

std::string from_to() {
  return ": from " + to_text(ParameterValue(1 / kMostTimes)) + " to " +
         to_text(ParameterValue(kMostTimes));
}

Status check_ranges(const RopeScaling& scaling) {
  if (scaling.factor && !(*scaling.factor >= 1))
    return Error{"factor must be at least 1: how many times the original context"};
  if (scaling.factor.value_or(1) > kMostTimes)
    return Error{"factor must be at most " + to_text(ParameterValue(kMostTimes))};
  if (scaling.attn_factor && !is_divisor(*scaling.attn_factor))
    return Error{"attn_factor must be over 0" + from_to()};
  if (!(scaling.beta_slow > 0 && scaling.beta_fast > scaling.beta_slow))
    return Error{"beta_fast must be above beta_slow, and both above 0"};
  if (!(scaling.low > 0 && scaling.high > scaling.low))
    return Error{"high must be above low, and both above 0"};
  if (scaling.group > static_cast<int64_t>(kMostTokens) ||
      scaling.window > static_cast<int64_t>(kMostTokens))
    return Error{"group and window must be at most " + std::to_string(kMostTokens)};
  if (scaling.original.value_or(1) > kMostTokens)
    return Error{"original must be at most " + std::to_string(kMostTokens) + " tokens"};
  if (!std::ranges::all_of(scaling.short_factors, is_divisor) ||
      !std::ranges::all_of(scaling.long_factors, is_divisor))
    return Error{"short and long must hold numbers over 0" + from_to()};
  return {};
}

}  // namespace

std::string_view name(RopeKind kind) { return info_of(kind).name; }

std::string RopeScaling::spec() const {
  std::string list;
  const auto add = [&list](std::string_view parameter, const ParameterValue& value) {
    list += (list.empty() ? "" : ", ") + std::string(parameter) + "=" + to_text(value);
  };
  if (factor) add("factor", *factor);
  if (kind == RopeKind::yarn) {
    add("beta_fast", beta_fast);
    add("beta_slow", beta_slow);
  }
  if (kind == RopeKind::llama3) {
    add("low", low);
    add("high", high);
  }
  if (kind == RopeKind::self_extend) {
    add("group", group);
    add("window", window);
  }
  if (original) add("original", static_cast<int64_t>(*original));
  if (!short_factors.empty()) add("short", short_factors);
  if (!long_factors.empty()) add("long", long_factors);
  if (attn_factor) add("attn_factor", *attn_factor);
  return std::string(name(kind)) + (list.empty() ? "" : "(" + list + ")");
}

Result<RopeScaling> parse_rope_scaling(std::string_view text) {
  SpecCursor cursor(text);
  const size_t at = cursor.next();
  const std::string_view name = cursor.take_name();
  const auto* const info = std::ranges::find(kKinds, name, &KindInfo::name);
  if (info == kKinds.end()) {
    const std::string wrong =
        name.empty() ? "expected a scaling" : "no scaling '" + std::string(name) + "'";
    return cursor.error(at, wrong + ": one of " + rope_forms());
  }
  FATHOM_TRY(const Parameters given, parse_parameters(cursor, name, info->parameters));
  if (!cursor.at_end()) return cursor.expected("the end of the specification");
  const RopeScaling scaling = make(*info, given);
  const Status sound = check_ranges(scaling);
  if (!sound.ok()) return cursor.error(at, sound.error().message);
  return scaling;
}

std::string rope_forms() {
  std::string forms;
  for (const KindInfo& info : kKinds) {
    forms += (forms.empty() ? "" : ", ") + std::string(info.name);
    std::string names;
    for (const ParameterInfo& parameter : info.parameters)
      names += (names.empty() ? "" : ", ") + std::string(parameter.name);
    if (!names.empty()) forms += "(" + names + ")";
  }
  return forms;
}

}  // namespace fathom
