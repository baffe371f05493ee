#include "fathom/model/rope_of_model.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "fathom/base/parameter_parser.h"
#include "fathom/model/rope_table.h"

namespace fathom {
namespace {

// Of the first layer without a window, or of the first; all such are alike.
const RopeFacts& facts_of(const ModelSpec& model) {
  const auto global = std::ranges::find_if(
      model.layers, [](const LayerSpec& layer) { return !layer.attention.window; });
  return (global == model.layers.end() ? model.layers.front() : *global).attention.rope_facts;
}

bool scales_any(const ModelSpec& model) {
  return std::ranges::any_of(
      model.layers, [&](const LayerSpec& layer) { return is_scaled(model, layer.attention); });
}

double times_original(size_t tokens, size_t original) {
  return std::max(1.0, static_cast<double>(tokens) / static_cast<double>(original));
}

Status check_list(std::string_view parameter, std::string_view tensor,
                  const std::vector<double>& factors, const RopeFacts& facts) {
  if (factors.size() == facts.pairs()) return {};
  if (factors.empty())
    return Error{"longrope needs " + std::string(parameter) + "=[...], " +
                 std::to_string(facts.pairs()) + " numbers, one for each pair: the model has no " +
                 std::string(tensor)};
  return Error{"longrope: " + std::string(parameter) + " has " + std::to_string(factors.size()) +
               " numbers, but the model's heads have " + std::to_string(facts.pairs()) + " pairs"};
}

Status settle_longrope(const RopeFacts& facts, size_t context, RopeScaling& scaling) {
  if (scaling.short_factors.empty()) scaling.short_factors = facts.short_factors;
  if (scaling.long_factors.empty()) scaling.long_factors = facts.long_factors;
  FATHOM_CHECK(check_list("short", "rope_factors_short.weight", scaling.short_factors, facts));
  FATHOM_CHECK(check_list("long", "rope_factors_long.weight", scaling.long_factors, facts));
  if (context <= facts.original) scaling.long_factors = scaling.short_factors;
  scaling.short_factors.clear();
  if (!scaling.attn_factor)
    scaling.attn_factor = longrope_attn_factor(
        static_cast<double>(std::max(context, facts.trained)), static_cast<double>(facts.original));
  return {};
}

bool takes_factor(RopeKind kind) {
  return kind == RopeKind::linear || kind == RopeKind::ntk || kind == RopeKind::dynamic_ntk ||
         kind == RopeKind::yarn || kind == RopeKind::llama3;
}

// Whether a scaling that is given leaves rope_freqs.weight in force. Llama 3's files have it and do
// not say for how many tokens the model was made before: what they were trained for is with it.
bool keeps_divisors(RopeKind kind) {
  return kind == RopeKind::linear || kind == RopeKind::ntk || kind == RopeKind::dynamic_ntk ||
         kind == RopeKind::yarn || kind == RopeKind::self_extend;
}

// How far a scaling reaches whatever the context is; 0: that is what the context decides.
size_t fixed_reach(const RopeFacts& facts, const RopeScaling& scaling) {
  constexpr double kMost = 0x1p40;
  const auto original = static_cast<double>(scaling.original.value_or(facts.original));
  double reach = scaling.factor.value_or(0) * original;
  if (scaling.kind == RopeKind::self_extend) {
    const auto window = static_cast<double>(scaling.window);
    reach = (original - window) * static_cast<double>(scaling.group) + window;
  }
  return static_cast<size_t>(std::llround(std::clamp(reach, 0.0, kMost)));
}

// As settle() of a model, for layers with these facts.
Result<RopeScaling> settle(const RopeScaling& scaling, const RopeFacts& facts, size_t context) {
  RopeScaling settled = scaling.kind == RopeKind::automatic ? facts.own : scaling;
  if (settled.kind == RopeKind::llama3 && !settled.original) settled.original = facts.original;
  const size_t original = settled.original.value_or(facts.original);
  if (takes_factor(settled.kind) && !settled.factor)
    settled.factor = times_original(context, original);
  if (keeps_divisors(settled.kind)) settled.divisors = facts.own.divisors;
  if (settled.kind == RopeKind::dynamic_ntk) {
    settled.kind = RopeKind::ntk;
    settled.factor = dynamic_ntk_factor(settled.factor.value_or(1), static_cast<double>(context),
                                        static_cast<double>(original));
  }
  if (settled.kind == RopeKind::self_extend &&
      static_cast<size_t>(settled.window) >= facts.original)
    return Error{"self_extend: a window of " + std::to_string(settled.window) +
                 " tokens; it must be below the " + std::to_string(facts.original) +
                 " that the model was trained for"};
  if (settled.kind == RopeKind::longrope) FATHOM_CHECK(settle_longrope(facts, context, settled));
  return settled;
}

std::string whole_or_decimal(double factor) { return to_text(ParameterValue(factor)); }

// None: no key is far enough away, or far ones stand where they stood.
std::optional<SelfExtend> extension(const RopeScaling& settled, size_t context) {
  if (settled.kind != RopeKind::self_extend || settled.group == 1) return std::nullopt;
  if (static_cast<size_t>(settled.window) >= context) return std::nullopt;
  return SelfExtend{.group = settled.group, .window = settled.window};
}

}  // namespace

bool is_scaled(const ModelSpec& model, const AttentionSpec& attention) {
  return !attention.window || *attention.window >= model.trained_context;
}

bool is_extended(const ModelSpec& model) {
  return std::ranges::any_of(
      model.layers, [](const LayerSpec& layer) { return layer.attention.extend.has_value(); });
}

Result<RopeScaling> settle(const RopeScaling& scaling, const ModelSpec& model, size_t context) {
  return settle(scaling, facts_of(model), context);
}

Result<ModelSpec> with_rope(const ModelSpec& model, const RopeScaling& scaling, size_t context) {
  ModelSpec scaled = model;
  FATHOM_TRY(scaled.rope_scaling, settle(scaling, model, context));
  if (!scales_any(model)) {
    FATHOM_TRY(scaled.rope_scaling, settle(RopeScaling(), model, context));
  }
  for (LayerSpec& layer : scaled.layers) {
    AttentionSpec& attention = layer.attention;
    const RopeFacts& facts = attention.rope_facts;
    const bool is_given = scaling.kind != RopeKind::automatic && is_scaled(model, attention);
    FATHOM_TRY(const RopeScaling own, settle(RopeScaling(), facts, context));
    attention.rope = rope_table(facts, is_given ? scaled.rope_scaling : own);
    attention.extend = is_given ? extension(scaled.rope_scaling, context) : std::nullopt;
  }
  return scaled;
}

std::optional<size_t> rope_reach(const ModelSpec& model, const RopeScaling& scaling) {
  const RopeFacts& facts = facts_of(model);
  if (scaling.kind == RopeKind::automatic)
    return std::max(model.trained_context, fixed_reach(facts, facts.own));
  if (scaling.kind == RopeKind::none) return facts.original;
  if (scaling.kind == RopeKind::self_extend) return fixed_reach(facts, scaling);
  if (scaling.kind == RopeKind::dynamic_ntk || !scaling.factor) return std::nullopt;
  return fixed_reach(facts, scaling);
}

size_t rope_context(const ModelSpec& model, const RopeScaling& scaling, size_t tokens) {
  if (scaling.kind == RopeKind::automatic) return model.trained_context;
  if (scaling.factor || scaling.kind == RopeKind::self_extend)
    return std::max(model.trained_context, fixed_reach(facts_of(model), scaling));
  size_t context = model.trained_context;
  while (context < tokens) context *= 2;
  return context;
}

std::string rope_advice(const ModelSpec& model, size_t context) {
  constexpr size_t kWindow = 1024;  // self_extend's, unless it is given
  const size_t original = facts_of(model).original;
  const std::string factor = whole_or_decimal(std::ceil(times_original(context, original)));
  const std::string scaled = "'ntk(factor=" + factor + ")' or 'yarn(factor=" + factor + ")'";
  if (original <= 2 * kWindow || context <= original) return "--rope " + scaled;
  const size_t far = original - kWindow;
  const size_t group = (context - kWindow + far - 1) / far;
  return "--rope 'self_extend(group=" + std::to_string(group) + ")', " + scaled;
}

Status check_rope_reach(const ModelSpec& model, const RopeScaling& scaling, size_t context) {
  const std::optional<size_t> reach = rope_reach(model, scaling);
  if (scaling.kind != RopeKind::automatic || !reach || context <= *reach) return {};
  return Error{
      "the model was trained for " + std::to_string(*reach) +
      " tokens and answers badly beyond; ask for at most that, or stretch its positions: " +
      rope_advice(model, context)};
}

std::string brief(const RopeScaling& settled) {
  RopeScaling shown = settled;
  shown.divisors.clear();
  shown.short_factors.clear();
  shown.long_factors.clear();
  return shown.spec() + (settled.divisors.empty() ? "" : ", and rope_freqs.weight");
}

std::string foreign_rope(const ModelSpec& model) {
  return model.rope_scaling == facts_of(model).own ? "" : model.rope_scaling.spec();
}

std::vector<std::string> rope_notes(const ModelSpec& model, const RopeScaling& scaling,
                                    size_t context) {
  std::vector<std::string> notes;
  if (scaling.kind == RopeKind::automatic) return notes;
  const auto own = with_rope(model, {}, context);
  const auto scaled = with_rope(model, scaling, context);
  const std::string flag = "--rope " + scaling.spec();
  const auto same_rope = [](const LayerSpec& a, const LayerSpec& b) {
    return a.attention.rope == b.attention.rope && a.attention.extend == b.attention.extend;
  };
  if (!scales_any(model)) {
    notes.push_back(flag + " changes nothing: all of the model's layers look through windows");
  } else if (own.ok() && scaled.ok() && check_rope_reach(model, {}, context).ok() &&
             std::ranges::equal(own->layers, scaled->layers, same_rope)) {
    notes.push_back(flag + " changes nothing within " + std::to_string(context) + " tokens");
  }
  const std::optional<size_t> reach = rope_reach(model, scaling);
  if (reach && context > *reach)
    notes.push_back(flag + " reaches " + std::to_string(*reach) + " tokens, and the context is " +
                    std::to_string(context) + ": the model answers badly beyond");
  return notes;
}

}  // namespace fathom
