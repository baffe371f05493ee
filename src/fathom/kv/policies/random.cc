// random(budget=N, seed=S): tokens drawn at random, whatever they are. The control that any policy
// must beat.
//
// Each token of each head has a number, drawn when its position, layer, head and the seed are
// known; the highest stay. So what is kept is a fair sample of the text so far, the same on every
// machine and however the text came.
#include <array>

#include "fathom/kv/policy.h"

namespace fathom::policies {
namespace {

// SplitMix64 (Steele et al. 2014, "Fast splittable pseudorandom number generators").
uint64_t mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
  x = (x ^ x >> 27) * 0x94d049bb133111ebu;
  return x ^ x >> 31;
}

class Random final : public Policy {
 public:
  Random(const KvBudget& budget, int64_t seed) : budget_(budget), seed_(seed) {}

  std::optional<KvBudget> budget() const override { return budget_; }
  void score(const KvScoring& head, std::span<float> scores) const override {
    const uint64_t place = mix(mix(static_cast<uint64_t>(seed_)) + head.layer);
    for (size_t slot = 0; slot < scores.size(); ++slot) {
      const auto position = static_cast<uint64_t>(head.positions[slot].value);
      scores[slot] = static_cast<float>(mix(mix(place + head.kv_head) + position) >> 40);
    }
  }

  std::string spec() const override {
    return "random(budget=" + budget_.text() + ", seed=" + std::to_string(seed_) + ")";
  }

 private:
  KvBudget budget_;
  int64_t seed_;
};

const std::array<ParameterInfo, 2> kParameters = {{
    budget_parameter(),
    {.name = "seed", .help = "of the draws; same seed, same tokens", .fallback = int64_t{0}},
}};

constexpr std::string_view kExamples[] = {"random(budget=64)", "random(budget=1, seed=3)",
                                          "random(budget=0.25)"};

Result<PolicyPtr> make(const Parameters& parameters) {
  FATHOM_TRY(const KvBudget budget, read_budget(parameters));
  return PolicyPtr(std::make_shared<Random>(budget, parameters.integer("seed")));
}

}  // namespace

extern const PolicyPlugin random;
const PolicyPlugin random = {
    .name = "random",
    .summary = "tokens drawn at random",
    .paper = "the control",
    .parameters = kParameters,
    .examples = kExamples,
    .make = make,
};

}  // namespace fathom::policies
