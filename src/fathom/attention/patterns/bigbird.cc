// bigbird(block=B, window=W, globals=G, random=R, seed=N): the text is cut into blocks of B tokens;
// a query sees the W blocks around its own, the first G blocks, and R random ones; the first G see
// all.
//
// Zaheer et al. 2020, "Big Bird: Transformers for Longer Sequences", section 2 and appendix D
// (arXiv:2007.14062), with the global tokens inside the text. W counts both sides, as in the paper:
// causality leaves the W / 2 blocks before the query's own. Random blocks may be ones that the
// other parts see already.
#include <array>
#include <numeric>

#include "fathom/attention/spec.h"
#include "fathom/base/parameter_parser.h"

namespace fathom::patterns {
namespace {

const std::array<ParameterInfo, 5> kParameters = {{
    {.name = "block", .help = "tokens a block", .fallback = int64_t{64}, .minimum = 1},
    {.name = "window",
     .help = "how many blocks around its own a query sees, an odd number with its own",
     .fallback = int64_t{3},
     .minimum = 1},
    {.name = "globals",
     .help = "how many of the first blocks see and are seen by all",
     .fallback = int64_t{2}},
    {.name = "random",
     .help = "how many blocks are drawn for each block of queries",
     .fallback = int64_t{3},
     .minimum = 1},
    {.name = "seed", .help = "of the draws; same seed, same blocks", .fallback = int64_t{0}},
}};

constexpr std::string_view kExamples[] = {
    "bigbird", "bigbird(block=2, window=1, globals=0, random=1)",
    "bigbird(block=63, window=3, globals=1, random=2, seed=5)",
    "bigbird(block=65, window=5, globals=1, random=1)"};

constexpr int64_t kMostGlobalTokens = 1 << 16;

Result<PatternPtr> make(const Parameters& parameters, const Placement&) {
  const int64_t block = parameters.integer("block");
  const int64_t window = parameters.integer("window");
  const int64_t globals = parameters.integer("globals");
  if (window % 2 == 0) return Error{"window must be odd: a query's own block is in the middle"};
  if (globals > kMostGlobalTokens / block)
    return Error{"globals must be at most " + std::to_string(kMostGlobalTokens) + " tokens"};
  std::vector<int64_t> at(static_cast<size_t>(globals * block));
  std::iota(at.begin(), at.end(), 0);
  const std::string size = "block=" + std::to_string(block);
  return parse_pattern("block_window(" + size + ", count=" + std::to_string(window / 2 + 1) +
                       ") | globals(at=" + to_text(ParameterValue(at)) + ") | random(" + size +
                       ", count=" + to_text(parameters.value("random")) +
                       ", seed=" + to_text(parameters.value("seed")) + ")");
}

}  // namespace

extern const PatternPlugin bigbird;
const PatternPlugin bigbird = {
    .name = "bigbird",
    .summary =
        "`window` blocks around its own, the first `globals` blocks, and `random` drawn ones",
    .paper = "Zaheer et al. 2020, Big Bird, arXiv:2007.14062",
    .parameters = kParameters,
    .examples = kExamples,
    .make = make,
};

}  // namespace fathom::patterns
