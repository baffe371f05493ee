// streaming(sinks=S, window=W): sinks(count=S) | window(size=W).
//
// The keys that StreamingLLM keeps: Xiao et al. 2023, "Efficient Streaming Language Models with
// Attention Sinks", section 3.2 (arXiv:2309.17453). Keys keep their positions in the text here,
// where the paper numbers them anew within the cache.
#include <array>

#include "fathom/attention/spec.h"
#include "fathom/base/parameter_parser.h"

namespace fathom::patterns {
namespace {

const std::array<ParameterInfo, 2> kParameters = {{
    {.name = "sinks",
     .help = "how many of the text's first keys every query sees",
     .fallback = int64_t{4},
     .minimum = 0},
    {.name = "window",
     .help = "how many tokens back a query sees, itself included",
     .fallback = int64_t{512},
     .minimum = 1},
}};

constexpr std::string_view kExamples[] = {"streaming", "streaming(sinks=1, window=3)",
                                          "streaming(sinks=65, window=63)"};

Result<PatternPtr> make(const Parameters& parameters, const Placement&) {
  return parse_pattern("sinks(count=" + to_text(parameters.value("sinks")) +
                       ") | window(size=" + to_text(parameters.value("window")) + ")");
}

}  // namespace

extern const PatternPlugin streaming;
const PatternPlugin streaming = {
    .name = "streaming",
    .summary = "the first `sinks` keys of the text and the newest `window`",
    .paper = "Xiao et al. 2023, StreamingLLM, arXiv:2309.17453",
    .parameters = kParameters,
    .examples = kExamples,
    .make = make,
};

}  // namespace fathom::patterns
