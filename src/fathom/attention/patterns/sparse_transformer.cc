// sparse_transformer(stride=S): window(size=S) | strided(stride=S).
//
// Both parts of the strided pattern in one head: Child et al. 2019, "Generating Long Sequences with
// Sparse Transformers", section 4.3 (arXiv:1904.10509). The paper's other pattern is `fixed`. Where
// its heads take turns: `even: window(size=S); odd: strided(stride=S)` by layer, or by `heads`.
#include <array>

#include "fathom/attention/spec.h"
#include "fathom/base/parameter_parser.h"

namespace fathom::patterns {
namespace {

const std::array<ParameterInfo, 1> kParameters = {{
    {.name = "stride",
     .help = "the window's tokens, and those from one farther key to the next",
     .fallback = int64_t{128},
     .minimum = 1},
}};

constexpr std::string_view kExamples[] = {
    "sparse_transformer", "sparse_transformer(stride=1)", "sparse_transformer(stride=4)",
    "sparse_transformer(stride=63)", "sparse_transformer(stride=65)"};

Result<PatternPtr> make(const Parameters& parameters, const Placement&) {
  const std::string stride = to_text(parameters.value("stride"));
  return parse_pattern("window(size=" + stride + ") | strided(stride=" + stride + ")");
}

}  // namespace

extern const PatternPlugin sparse_transformer;
const PatternPlugin sparse_transformer = {
    .name = "sparse_transformer",
    .summary = "the newest `stride` keys, and every `stride`-th counted from the query",
    .paper = "Child et al. 2019, Sparse Transformers, arXiv:1904.10509",
    .parameters = kParameters,
    .examples = kExamples,
    .make = make,
};

}  // namespace fathom::patterns
