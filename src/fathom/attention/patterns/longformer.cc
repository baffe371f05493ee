// longformer(window=W, at=[...]): window(size=W) | globals(at=[...]).
//
// Beltagy et al. 2020, "Longformer: The Long-Document Transformer", section 3.1
// (arXiv:2004.05150). The paper counts an encoder's window on both sides together: its 512 is
// window=257 here, with 256 tokens on each side.
#include <array>

#include "fathom/attention/spec.h"
#include "fathom/base/parameter_parser.h"

namespace fathom::patterns {
namespace {

const std::array<ParameterInfo, 2> kParameters = {{
    {.name = "window",
     .help = "how many tokens back a query sees, itself included",
     .fallback = int64_t{512},
     .minimum = 1},
    {.name = "at",
     .help = "positions of the global tokens, from 0",
     .fallback = std::vector<int64_t>{0}},
}};

constexpr std::string_view kExamples[] = {"longformer", "longformer(window=5, at=[0, 7])",
                                          "longformer(window=63, at=[64, 65, 100])",
                                          "longformer(window=65, at=[])"};

Result<PatternPtr> make(const Parameters& parameters, const Placement&) {
  return parse_pattern("window(size=" + to_text(parameters.value("window")) +
                       ") | globals(at=" + to_text(parameters.value("at")) + ")");
}

}  // namespace

extern const PatternPlugin longformer;
const PatternPlugin longformer = {
    .name = "longformer",
    .summary = "the newest `window` keys, and global tokens `at`",
    .paper = "Beltagy et al. 2020, Longformer, arXiv:2004.05150",
    .parameters = kParameters,
    .examples = kExamples,
    .make = make,
};

}  // namespace fathom::patterns
