// From logits to the next token: greedy, temperature, top-k, top-p, min-p, repetition penalty.
//
// Applied in this order: repetition penalty, top-k, top-p, min-p, temperature, draw. The draw uses
// a counter-based generator of (seed, step), so the same seed gives the same text on any thread
// count.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "fathom/base/position.h"
#include "fathom/base/result.h"

namespace fathom {

struct SamplingOptions {
  double temperature = 0;  // 0: greedy
  int64_t top_k = 0;       // keep the k likeliest; 0: all
  double top_p = 1;        // keep the smallest set with this probability (Holtzman et al. 2020)
  double min_p = 0;        // drop what is less likely than min_p times the likeliest
  double repetition_penalty = 1;  // divides positive and multiplies negative logits of seen tokens
                                  // (Keskar et al. 2019, CTRL); 1: off
  size_t repetition_window = 64;  // how many of the last tokens count as seen
  uint64_t seed = 0;
};

// Error: names the option that is out of range and its valid range.
Status check(const SamplingOptions& options);

class Sampler {
 public:
  explicit Sampler(const SamplingOptions& options);

  // The next token. `history` is the prompt and what was generated, oldest first. Ties go to the
  // smaller id. Logits must not all be NaN or -infinity.
  TokenId sample(std::span<const float> logits, std::span<const TokenId> history);

 private:
  struct Candidate {
    float logit = 0;
    TokenId id = 0;
    double weight = 0;  // exp((logit - greatest) / temperature)
  };

  // Copies logits into logits_, NaN as -infinity and +infinity as the greatest float, since both
  // would make a softmax NaN.
  void clean(std::span<const float> logits);
  void penalise(std::span<const TokenId> history);
  // Every token whose logit is not -infinity, into candidates_.
  void gather();
  void keep_top_k();
  void keep_top_p();
  void keep_min_p();
  TokenId draw(double uniform);

  double max_logit() const;
  // Sets all weights; their sum.
  double weigh(double temperature);

  SamplingOptions options_;
  uint64_t step_ = 0;
  std::vector<float> logits_;
  std::vector<Candidate> candidates_;
};

}  // namespace fathom
