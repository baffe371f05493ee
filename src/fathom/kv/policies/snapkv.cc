// snapkv(budget=N, window=W, pool=P): what the last W queries looked at, and these W tokens.
//
// SnapKV: Li et al. 2024, "SnapKV: LLM Knows What You are Looking for Before Generation", section
// 4.2 (arXiv:2404.14469): the softmax weights of the last W queries, summed over them and over a
// group's heads, and averaged over P neighbours, zeros beyond the ends (the authors' code:
// avg_pool1d of what lies before the window). All that is generated is kept. The paper does so
// once, when all of the prompt is there; here it is done as the prompt comes, step by step, so that
// no more than a step lies beyond the budget.
#include <algorithm>
#include <array>

#include "fathom/kv/policy.h"

namespace fathom::policies {
namespace {

class Snapkv final : public Policy {
 public:
  Snapkv(const KvBudget& budget, int64_t window, int64_t pool)
      : budget_(budget), window_(window), pool_(pool) {}

  std::optional<KvBudget> budget() const override { return budget_; }
  KvNeeds needs() const override { return {.recent_queries = window_, .recent_sums = true}; }
  int64_t recent(int64_t) const override { return window_; }
  bool while_decoding() const override { return false; }

  void score(const KvScoring& head, std::span<float> scores) const override {
    const auto before = static_cast<int64_t>(std::ranges::count_if(
        head.positions, [&](Position p) { return p.value < head.end.value - window_; }));
    const int64_t reach = std::min(pool_ / 2, before);
    for (int64_t slot = 0; slot < before; ++slot) {
      double sum = 0;
      for (int64_t at = std::max<int64_t>(0, slot - reach); at < std::min(before, slot + reach + 1);
           ++at)
        sum += head.recent_sums[static_cast<size_t>(at)];
      scores[static_cast<size_t>(slot)] = static_cast<float>(sum / static_cast<double>(pool_));
    }
  }

  std::string spec() const override {
    return "snapkv(budget=" + budget_.text() + ", window=" + std::to_string(window_) +
           ", pool=" + std::to_string(pool_) + ")";
  }

 private:
  KvBudget budget_;
  int64_t window_;  // queries
  int64_t pool_;    // tokens, odd
};

const std::array<ParameterInfo, 3> kParameters = {{
    budget_parameter(),
    {.name = "window",
     .help = "how many of the last queries say what is kept; these tokens are",
     .fallback = int64_t{64},
     .minimum = 1},
    {.name = "pool",
     .help = "over how many neighbours weights are averaged, an odd number",
     .fallback = int64_t{5},
     .minimum = 1},
}};

constexpr std::string_view kExamples[] = {"snapkv(budget=100)", "snapkv(budget=1)",
                                          "snapkv(budget=100, window=1, pool=1)",
                                          "snapkv(budget=0.25, window=16, pool=7)"};

Result<PolicyPtr> make(const Parameters& parameters) {
  constexpr int64_t kMost = 4096;
  FATHOM_TRY(const KvBudget budget, read_budget(parameters));
  const int64_t window = parameters.integer("window");
  const int64_t pool = parameters.integer("pool");
  if (window > kMost) return Error{"window must be at most " + std::to_string(kMost)};
  if (pool % 2 == 0 || pool > kMost)
    return Error{"pool must be odd and at most " + std::to_string(kMost)};
  return PolicyPtr(std::make_shared<Snapkv>(budget, window, pool));
}

}  // namespace

extern const PolicyPlugin snapkv;
const PolicyPlugin snapkv = {
    .name = "snapkv",
    .summary =
        "what the last `window` queries of the prompt looked at, and these; all that is generated",
    .paper = "Li et al. 2024, SnapKV, arXiv:2404.14469",
    .parameters = kParameters,
    .examples = kExamples,
    .make = make,
};

}  // namespace fathom::policies
