#include "fathom/sample/sampler.h"

#include <algorithm>
#include <cassert>
#include <cfloat>
#include <cmath>
#include <set>
#include <string>

namespace fathom {
namespace {

// The finaliser of SplitMix64 (Steele et al. 2014, "Fast Splittable Pseudorandom Number
// Generators", section 5, variant 13): a bijection whose output bits all depend on all input bits.
uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

// Uniform in [0, 1). The seed is mixed first, so that neighbouring seeds share no steps. The
// standard library's distributions are not used: they differ from one library to another.
double uniform(uint64_t seed, uint64_t step) {
  constexpr uint64_t kGolden = 0x9e3779b97f4a7c15u;  // 2^64 / golden ratio, odd
  const uint64_t bits = mix(mix(seed + kGolden) + (step + 1) * kGolden);
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

Error out_of_range(std::string_view option, double value, std::string_view valid) {
  return {std::string(option) + " is " + std::to_string(value) + "; it must be " +
          std::string(valid)};
}

// Likelier first; of equals the smaller id.
struct Likelier {
  template <class T>
  bool operator()(const T& a, const T& b) const {
    return a.logit != b.logit ? a.logit > b.logit : a.id < b.id;
  }
};

}  // namespace

Status check(const SamplingOptions& options) {
  // Written so that NaN fails.
  if (!(options.temperature >= 0 && std::isfinite(options.temperature)))
    return out_of_range("temperature", options.temperature, "at least 0 and finite");
  if (options.top_k < 0)
    return out_of_range("top_k", static_cast<double>(options.top_k), "at least 0 (0 keeps all)");
  if (!(options.top_p > 0 && options.top_p <= 1))
    return out_of_range("top_p", options.top_p, "more than 0 and at most 1 (1 keeps all)");
  if (!(options.min_p >= 0 && options.min_p <= 1))
    return out_of_range("min_p", options.min_p, "from 0 (keeps all) to 1");
  if (!(options.repetition_penalty > 0 && std::isfinite(options.repetition_penalty)))
    return out_of_range("repetition_penalty", options.repetition_penalty,
                        "more than 0 and finite (1 is off)");
  return {};
}

Sampler::Sampler(const SamplingOptions& options) : options_(options) {
  assert(check(options).ok());
}

TokenId Sampler::sample(std::span<const float> logits, std::span<const TokenId> history) {
  const uint64_t step = step_++;
  clean(logits);
  penalise(history);
  if (options_.temperature == 0) {
    const auto greatest = std::ranges::max_element(logits_);  // the first of equals
    assert(greatest != logits_.end() && *greatest > -INFINITY);
    return static_cast<TokenId>(greatest - logits_.begin());
  }
  gather();
  keep_top_k();
  keep_top_p();
  keep_min_p();
  return draw(uniform(options_.seed, step));
}

void Sampler::clean(std::span<const float> logits) {
  logits_.resize(logits.size());
  std::ranges::transform(logits, logits_.begin(), [](float logit) {
    return logit > -INFINITY ? std::min(logit, FLT_MAX) : -INFINITY;  // NaN compares false
  });
}

void Sampler::penalise(std::span<const TokenId> history) {
  if (options_.repetition_penalty == 1) return;
  const auto window = history.last(std::min(history.size(), options_.repetition_window));
  for (const TokenId id : std::set<TokenId>(window.begin(), window.end())) {
    assert(id >= 0 && static_cast<size_t>(id) < logits_.size());
    float& logit = logits_[static_cast<size_t>(id)];
    if (logit == -INFINITY) continue;
    const double penalty = options_.repetition_penalty;
    const double changed = logit > 0 ? logit / penalty : logit * penalty;
    logit = static_cast<float>(std::clamp<double>(changed, -FLT_MAX, FLT_MAX));
  }
}

void Sampler::gather() {
  candidates_.clear();
  for (size_t i = 0; i < logits_.size(); ++i) {
    if (logits_[i] > -INFINITY)
      candidates_.push_back({.logit = logits_[i], .id = static_cast<TokenId>(i)});
  }
  assert(!candidates_.empty());
}

void Sampler::keep_top_k() {
  const auto k = static_cast<size_t>(options_.top_k);
  if (k == 0 || k >= candidates_.size()) return;
  std::ranges::nth_element(candidates_, candidates_.begin() + static_cast<ptrdiff_t>(k),
                           Likelier());
  candidates_.resize(k);
  // nth_element leaves an order that depends on the library, and the draw goes by the order.
  std::ranges::sort(candidates_, Likelier());
}

void Sampler::keep_top_p() {
  if (options_.top_p == 1) return;
  const double total = weigh(1);
  // Those below this weight have less than 1 - top_p between them, so the set never needs them;
  // what is left to sort is short.
  const double least = (1 - options_.top_p) * total / static_cast<double>(candidates_.size());
  std::erase_if(candidates_, [least](const Candidate& c) { return c.weight < least; });
  std::ranges::sort(candidates_, Likelier());
  double sum = 0;
  size_t kept = 0;
  while (kept < candidates_.size() && sum < options_.top_p * total)
    sum += candidates_[kept++].weight;
  candidates_.resize(kept);
}

void Sampler::keep_min_p() {
  // p >= min_p * max p, in logits.
  const double least = max_logit() + std::log(options_.min_p);
  std::erase_if(candidates_, [least](const Candidate& c) { return c.logit < least; });
}

TokenId Sampler::draw(double uniform) {
  double left = uniform * weigh(options_.temperature);
  for (const Candidate& candidate : candidates_) {
    left -= candidate.weight;
    if (left < 0) return candidate.id;
  }
  // Rounding left a little over: the likeliest stands for it.
  return std::ranges::min(candidates_, Likelier()).id;
}

double Sampler::max_logit() const { return std::ranges::min(candidates_, Likelier()).logit; }

double Sampler::weigh(double temperature) {
  const double max = max_logit();
  double total = 0;
  for (Candidate& candidate : candidates_) {
    candidate.weight = std::exp((candidate.logit - max) / temperature);
    total += candidate.weight;
  }
  return total;
}

}  // namespace fathom
