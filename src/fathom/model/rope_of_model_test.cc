// What a scaling comes to. The tables themselves are held to numpy in tests/oracle/test_rope.py.
#include "fathom/model/rope_of_model.h"

#include <string_view>
#include <utility>

#include <gtest/gtest.h>

namespace fathom {
namespace {

constexpr size_t kTrained = 1000;

// A layer that sees everything, and one with a window.
ModelSpec model_with(const RopeScaling& own, size_t original = kTrained, size_t window = 64) {
  const RopeFacts facts{
      .dims = 8, .base = 100, .trained = kTrained, .original = original, .own = own};
  ModelSpec model;
  model.trained_context = kTrained;
  model.layers.resize(2);
  for (LayerSpec& layer : model.layers) layer.attention.rope_facts = facts;
  model.layers[1].attention.rope_facts.own = {.kind = RopeKind::none};
  model.layers[1].attention.window = window;
  return with_rope(model, {}, kTrained).value();
}

const RopeScaling kNone{.kind = RopeKind::none};
const RopeScaling kLinear4{.kind = RopeKind::linear, .factor = 4};

RopeScaling parse(std::string_view text) { return parse_rope_scaling(text).value(); }

std::string settled(const ModelSpec& model, std::string_view text, size_t context) {
  return settle(parse(text), model, context).value().spec();
}

TEST(RopeOfModel, ContextSettlesFactors) {
  const ModelSpec model = model_with(kNone);
  EXPECT_EQ(settled(model, "linear", 2500), "linear(factor=2.5)");
  EXPECT_EQ(settled(model, "linear", 500), "linear(factor=1)");
  EXPECT_EQ(settled(model, "linear(factor=4)", 2500), "linear(factor=4)");
  EXPECT_EQ(settled(model, "dynamic_ntk(factor=2)", 2000), "ntk(factor=3)");
  EXPECT_EQ(settled(model, "dynamic_ntk(factor=2)", 900), "ntk(factor=1)");
  EXPECT_EQ(settled(model, "llama3", 8000), "llama3(factor=8, low=1, high=4, original=1000)");
  EXPECT_EQ(settled(model, "llama3(original=500)", 8000),
            "llama3(factor=16, low=1, high=4, original=500)");
}

TEST(RopeOfModel, AScalingReplacesTheFilesOwn) {
  const ModelSpec model = model_with(kLinear4, 250);
  EXPECT_EQ(settled(model, "auto", kTrained), "linear(factor=4)");
  EXPECT_EQ(settled(model, "yarn", kTrained), "yarn(factor=4, beta_fast=32, beta_slow=1)");
  EXPECT_EQ(foreign_rope(model), "");
  EXPECT_EQ(foreign_rope(with_rope(model, kLinear4, kTrained).value()), "");
  EXPECT_EQ(foreign_rope(with_rope(model, kNone, kTrained).value()), "none");
}

// Llama 3 was trained with its divisors, which no length is given without.
TEST(RopeOfModel, DivisorsStayUnderAScaling) {
  RopeScaling own = kNone;
  own.divisors = {1, 2, 4, 8};
  const auto slowest = [](const RopeScaling& files, std::string_view text) {
    const ModelSpec scaled = with_rope(model_with(files), parse(text), 4 * kTrained).value();
    return scaled.layers[0].attention.rope.frequencies[3];
  };
  for (const char* text :
       {"auto", "linear", "ntk", "dynamic_ntk", "yarn", "self_extend(window=100)"})
    EXPECT_DOUBLE_EQ(slowest(own, text), slowest(kNone, text) / 8) << text;
  for (const char* text : {"none", "llama3", "longrope(short=[1, 1, 1, 1], long=[1, 1, 1, 3])"})
    EXPECT_DOUBLE_EQ(slowest(own, text), slowest(kNone, text)) << text;
}

// Such as Mistral's, whose layers all have windows.
TEST(RopeOfModel, WindowedLayersSettleTheFilesOwn) {
  RopeScaling own{.kind = RopeKind::longrope, .attn_factor = 1};
  own.short_factors = {1, 1, 1, 1};
  own.long_factors = {2, 2, 2, 2};
  ModelSpec model = model_with(kNone, 500);
  for (LayerSpec& layer : model.layers) {
    layer.attention.window = 64;
    layer.attention.rope_facts.own = own;
  }
  for (const char* text : {"auto", "linear(factor=4)"}) {
    const ModelSpec below = with_rope(model, parse(text), 500).value();
    const ModelSpec beyond = with_rope(model, parse(text), 501).value();
    EXPECT_EQ(below.layers[1].attention.rope.frequencies[0], 1) << text;
    EXPECT_EQ(beyond.layers[1].attention.rope.frequencies[0], 0.5) << text;
    EXPECT_EQ(below.rope_scaling.kind, RopeKind::longrope) << text;
    EXPECT_NE(foreign_rope(below), foreign_rope(beyond)) << text;
  }
}

// A file's scaling is of its global layers, however wide the windows of the others are.
TEST(RopeOfModel, WideWindowsDoNotHideTheFilesOwn) {
  ModelSpec model = model_with(kLinear4, 250, kTrained);
  std::swap(model.layers[0], model.layers[1]);
  const ModelSpec own = with_rope(model, {}, kTrained).value();
  EXPECT_EQ(own.rope_scaling, kLinear4);
  EXPECT_EQ(own.layers[0].attention.rope.frequencies[0], 1);
  EXPECT_EQ(own.layers[1].attention.rope.frequencies[0], 0.25);
}

TEST(RopeOfModel, WindowedLayersKeepTheirRope) {
  const ModelSpec model = model_with(kNone);
  const ModelSpec scaled = with_rope(model, kLinear4, kTrained).value();
  EXPECT_EQ(scaled.layers[0].attention.rope.frequencies[0], 0.25);
  EXPECT_EQ(scaled.layers[1].attention.rope, model.layers[1].attention.rope);
  // A window that hides nothing of what the model was trained for is none.
  const ModelSpec wide = with_rope(model_with(kNone, kTrained, kTrained), kLinear4, 4000).value();
  EXPECT_EQ(wide.layers[1].attention.rope.frequencies[0], 0.25);
}

TEST(RopeOfModel, LongropeTakesTheListOfItsContext) {
  RopeScaling own = parse("longrope(short=[1, 1, 1, 1], long=[2, 2, 2, 2], attn_factor=1.5)");
  const ModelSpec model = model_with(own, 250);
  EXPECT_EQ(settled(model, "auto", 250), "longrope(long=[1, 1, 1, 1], attn_factor=1.5)");
  EXPECT_EQ(settled(model, "auto", 251), "longrope(long=[2, 2, 2, 2], attn_factor=1.5)");
  EXPECT_EQ(foreign_rope(model), "longrope(long=[2, 2, 2, 2], attn_factor=1.5)");
  const auto three = settle(parse("longrope(short=[1, 2, 3], long=[1, 2, 3])"), model, 250);
  EXPECT_EQ(three.error().message,
            "longrope: short has 3 numbers, but the model's heads have 4 pairs");
}

TEST(RopeOfModel, Reach) {
  const ModelSpec model = model_with(kLinear4, 250);
  EXPECT_EQ(rope_reach(model, {}), kTrained);
  EXPECT_EQ(rope_reach(model, kNone), 250u);
  EXPECT_EQ(rope_reach(model, parse("ntk(factor=8)")), 2000u);
  EXPECT_EQ(rope_reach(model, parse("llama3(factor=8, original=300)")), 2400u);
  EXPECT_EQ(rope_reach(model, parse("dynamic_ntk(factor=2)")), std::nullopt);
  EXPECT_EQ(rope_reach(model, parse("yarn")), std::nullopt);
  // A file's scaling may reach further than the context length that it names.
  EXPECT_EQ(rope_reach(model_with(kLinear4, kTrained), {}), 4 * kTrained);
}

TEST(RopeOfModel, ContextOfASessionThatWasGivenNone) {
  const ModelSpec model = model_with(kNone);
  EXPECT_EQ(rope_context(model, {}, 5000), kTrained);
  EXPECT_EQ(rope_context(model, parse("linear(factor=3)"), 5000), 3000u);
  EXPECT_EQ(rope_context(model, parse("linear(factor=1)"), 5000), kTrained);
  EXPECT_EQ(rope_context(model, parse("linear"), 1000), 1000u);
  EXPECT_EQ(rope_context(model, parse("linear"), 1001), 2000u);
  EXPECT_EQ(rope_context(model, kNone, 5000), 8000u);
}

TEST(RopeOfModel, SelfExtendChangesPositionsOfLayersThatSeeFar) {
  const ModelSpec model = model_with(kNone);
  const RopeScaling extended = parse("self_extend(group=4, window=100)");
  EXPECT_EQ(rope_reach(model, extended), 900u * 4 + 100);
  EXPECT_EQ(rope_context(model, extended, 0), 900u * 4 + 100);
  const ModelSpec far = with_rope(model, extended, 2000).value();
  EXPECT_EQ(far.layers[0].attention.extend, (SelfExtend{.group = 4, .window = 100}));
  EXPECT_EQ(far.layers[0].attention.rope, model.layers[0].attention.rope);
  EXPECT_FALSE(far.layers[1].attention.extend);
  EXPECT_TRUE(is_extended(far) && !is_extended(model));
  EXPECT_FALSE(is_extended(with_rope(model, extended, 100).value()));
  EXPECT_FALSE(is_extended(with_rope(model, parse("self_extend(group=1, window=9)"), 99).value()));
  EXPECT_FALSE(settle(parse("self_extend(window=1000)"), model, 2000).ok());
  EXPECT_EQ(rope_notes(model, extended, 100).size(), 1u);
  EXPECT_TRUE(rope_notes(model, extended, 2000).empty());
}

TEST(SelfExtend, GoesOnWhereTheWindowEnds) {
  const SelfExtend extend{.group = 8, .window = 100};
  EXPECT_EQ(extend.far_query({1000}).value - extend.far_key({900}).value, 100 - 12 + 125 - 112);
  EXPECT_EQ(extend.far_query({1000}).value - extend.far_key({0}).value, 100 - 12 + 125);
}

TEST(RopeOfModel, BeyondTrainingIsRefusedWithAdvice) {
  const ModelSpec model = model_with(kNone);
  EXPECT_TRUE(check_rope_reach(model, {}, kTrained).ok());
  EXPECT_TRUE(check_rope_reach(model, kNone, 5000).ok());
  const Status refused = check_rope_reach(model, {}, 2001);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("'yarn(factor=3)'"), std::string::npos);
  const ModelSpec large = model_with(kNone, 8192);
  EXPECT_EQ(rope_advice(large, 16384),
            "--rope 'self_extend(group=3)', 'ntk(factor=2)' or 'yarn(factor=2)'");
  EXPECT_GE(rope_reach(large, parse("self_extend(group=3)")), 16384u);
  EXPECT_LT(rope_reach(large, parse("self_extend(group=2)")), 16384u);
}

TEST(RopeOfModel, Notes) {
  const ModelSpec model = model_with(kNone);
  EXPECT_TRUE(rope_notes(model, {}, kTrained).empty());
  EXPECT_TRUE(rope_notes(model, kLinear4, 4000).empty());
  EXPECT_EQ(rope_notes(model, kLinear4, 4001).size(), 1u);
  EXPECT_EQ(rope_notes(model, parse("linear"), 900).size(), 1u);
  EXPECT_EQ(rope_notes(model, kNone, 900).size(), 1u);
  EXPECT_EQ(rope_notes(model, kNone, 4000).size(), 1u);
}

}  // namespace
}  // namespace fathom
