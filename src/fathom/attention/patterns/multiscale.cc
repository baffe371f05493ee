// multiscale(windows=[A, B, ...]): the heads of a layer share out the windows: of n windows, head h
// of H has window(size=windows[h * n / H]).
//
// Adjacent heads are alike, so that the query heads of a KV head mostly are. Multi-scale windows:
// Guo et al. 2020, "Multi-Scale Self-Attention for Text Classification" (arXiv:1912.00544).
#include <array>

#include "fathom/attention/spec.h"

namespace fathom::patterns {
namespace {

const std::array<ParameterInfo, 1> kParameters = {{
    {.name = "windows",
     .help = "how many tokens back the heads' queries see, from the first head to the last",
     .fallback = std::vector<int64_t>{64, 512, 4096},
     .minimum = 1},
}};

constexpr std::string_view kExamples[] = {"multiscale", "multiscale(windows=[65])",
                                          "multiscale(windows=[3, 1])"};

Result<PatternPtr> make(const Parameters& parameters, const Placement& placement) {
  const std::vector<int64_t>& windows = parameters.list("windows");
  if (windows.empty()) return Error{"windows must name one window or more, like [64, 512]"};
  const int64_t window = windows[placement.head * windows.size() / placement.heads];
  return parse_pattern("window(size=" + std::to_string(window) + ")");
}

}  // namespace

extern const PatternPlugin multiscale;
const PatternPlugin multiscale = {
    .name = "multiscale",
    .summary = "the newest keys, as many as the head's share of `windows` says",
    .paper = "Guo et al. 2020, Multi-Scale Self-Attention, arXiv:1912.00544",
    .parameters = kParameters,
    .examples = kExamples,
    .make = make,
};

}  // namespace fathom::patterns
