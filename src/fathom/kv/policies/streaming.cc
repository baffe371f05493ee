// streaming(sinks=S, recent=R): the first S tokens and the newest R; the first are met as if
// nothing lay between.
//
// StreamingLLM: Xiao et al. 2023, "Efficient Streaming Language Models with Attention Sinks",
// sections 3.2 and 3.3 (arXiv:2309.17453). Positions are those within the cache, so that the
// model never meets a distance beyond S + R, however long the text.
#include <array>

#include "fathom/kv/policy.h"

namespace fathom::policies {
namespace {

class Streaming final : public Policy {
 public:
  Streaming(int64_t sinks, int64_t recent) : sinks_(sinks), recent_(recent) {}

  std::optional<KvReach> reach() const override {
    return KvReach{.sinks = sinks_, .recent = recent_, .reindexed = true};
  }

  std::string spec() const override {
    return "streaming(sinks=" + std::to_string(sinks_) + ", recent=" + std::to_string(recent_) +
           ")";
  }

 private:
  int64_t sinks_, recent_;  // tokens
};

const std::array<ParameterInfo, 2> kParameters = {{
    {.name = "sinks", .help = "how many of the first tokens", .fallback = int64_t{4}},
    {.name = "recent",
     .help = "how many of the newest tokens",
     .fallback = int64_t{1024},
     .minimum = 1},
}};

constexpr std::string_view kExamples[] = {"streaming", "streaming(sinks=0, recent=1)",
                                          "streaming(sinks=4, recent=60)",
                                          "streaming(sinks=100, recent=70)"};

Result<PolicyPtr> make(const Parameters& parameters) {
  return PolicyPtr(
      std::make_shared<Streaming>(parameters.integer("sinks"), parameters.integer("recent")));
}

}  // namespace

extern const PolicyPlugin streaming;
const PolicyPlugin streaming = {
    .name = "streaming",
    .summary = "the first `sinks` tokens and the newest `recent`, positions those within the cache",
    .paper = "Xiao et al. 2023, StreamingLLM, arXiv:2309.17453",
    .parameters = kParameters,
    .examples = kExamples,
    .make = make,
};

}  // namespace fathom::policies
