#include "fathom/model/rope_table.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>
#include <utility>

namespace fathom {
namespace {

std::vector<double> powers(double base, size_t pairs) {
  std::vector<double> frequencies(pairs);
  for (size_t i = 0; i < pairs; ++i)
    frequencies[i] = std::pow(base, -static_cast<double>(i) / static_cast<double>(pairs));
  return frequencies;
}

void interpolate(double factor, std::vector<double>& frequencies) {
  for (double& frequency : frequencies) frequency /= factor;
}

std::vector<double> ntk(const RopeFacts& facts, double factor) {
  if (facts.pairs() < 2) return powers(facts.base, facts.pairs());  // one pair: the fastest
  const auto dims = static_cast<double>(facts.dims);
  return powers(facts.base * std::pow(factor, dims / (dims - 2)), facts.pairs());
}

void yarn(const RopeFacts& facts, const RopeScaling& scaling, std::vector<double>& frequencies) {
  const auto dims = static_cast<double>(facts.dims);
  const auto pair_that_turns = [&](double times) {
    return dims * std::log(static_cast<double>(facts.original) / (times * 2 * std::numbers::pi)) /
           (2 * std::log(facts.base));
  };
  const double low = std::max(std::floor(pair_that_turns(scaling.beta_fast)), 0.0);
  const double high = std::min(std::ceil(pair_that_turns(scaling.beta_slow)), dims - 1);
  // Where both are one pair, transformers and llama.cpp put them 0.001 apart.
  const double width = std::max(high - low, 0.001);
  for (size_t i = 0; i < frequencies.size(); ++i) {
    const double ramp = std::clamp((static_cast<double>(i) - low) / width, 0.0, 1.0);
    frequencies[i] *= ramp / scaling.factor.value_or(1) + (1 - ramp);
  }
}

void llama3(const RopeFacts& facts, const RopeScaling& scaling, std::vector<double>& frequencies) {
  const auto original = static_cast<double>(scaling.original.value_or(facts.original));
  const double factor = scaling.factor.value_or(1);
  for (double& frequency : frequencies) {
    const double turns = original * frequency / (2 * std::numbers::pi);
    const double kept = std::clamp((turns - scaling.low) / (scaling.high - scaling.low), 0.0, 1.0);
    frequency *= (1 - kept) / factor + kept;
  }
}

void divide(std::vector<double>& frequencies, const std::vector<double>& divisors) {
  assert(divisors.size() == frequencies.size());
  for (size_t i = 0; i < frequencies.size(); ++i) frequencies[i] /= divisors[i];
}

}  // namespace

RopeSpec rope_table(const RopeFacts& facts, const RopeScaling& scaling) {
  RopeSpec rope{.pairing = facts.pairing, .frequencies = powers(facts.base, facts.pairs())};
  if (facts.pairs() == 0) return rope;  // a layer that knows no positions
  const double factor = scaling.factor.value_or(1);
  switch (scaling.kind) {
    case RopeKind::automatic:
    case RopeKind::dynamic_ntk:
      assert(!"a scaling that a context has to settle");
      break;
    case RopeKind::none:
    case RopeKind::self_extend:  // angles stay, and positions change
      break;
    case RopeKind::linear:
      interpolate(factor, rope.frequencies);
      break;
    case RopeKind::ntk:
      rope.frequencies = ntk(facts, factor);
      break;
    case RopeKind::yarn:
      yarn(facts, scaling, rope.frequencies);
      rope.magnitude = scaling.attn_factor.value_or(1) * (0.1 * std::log(factor) + 1);
      break;
    case RopeKind::llama3:
      llama3(facts, scaling, rope.frequencies);
      break;
    case RopeKind::longrope:
      divide(rope.frequencies, scaling.long_factors);
      rope.magnitude = scaling.attn_factor.value_or(1);
      break;
  }
  if (!scaling.divisors.empty()) divide(rope.frequencies, scaling.divisors);
  return rope;
}

double dynamic_ntk_factor(double factor, double context, double original) {
  return context > original ? factor * context / original - (factor - 1) : 1;
}

double longrope_attn_factor(double context, double original) {
  return context > original ? std::sqrt(1 + std::log(context / original) / std::log(original)) : 1;
}

}  // namespace fathom
