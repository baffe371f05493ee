// sample(coverage=C, rows=R): for each head and segment of 256 queries, the columns and slashes of
// blocks that keep the share C of the attention weights of sampled queries.
//
// SampleAttention: Zhu et al. 2024, "SampleAttention: Near-Lossless Acceleration of Long Context
// LLM Inference with Adaptive Structured Sparse Attention", section 4 (arXiv:2406.15486). Of each
// segment, R queries up to its last are scored exactly; their weights are added up by columns
// (blocks of 64 keys) and slashes (distances of a query's block from a key's); the heaviest lines
// (attention/column_slash.h) are what the whole segment sees, with the text's first block, each
// query's own and the one before it always among them. The paper takes its samples side by side at
// the segment's end, and columns and slashes to a target each; here both are taken to one, by the
// weight that the others have not covered yet.
//
// A segment whose target would take nearly all pairs is dense, and so is a query alone in its call,
// as in decoding. Segments lie at multiples of 256 in the text; one that calls cut is several.
#include <algorithm>
#include <array>
#include <numeric>

#include "fathom/attention/chosen_blocks.h"
#include "fathom/attention/column_slash.h"
#include "fathom/attention/compose.h"
#include "fathom/attention/key_index.h"
#include "fathom/base/parameter_parser.h"
#include "fathom/kernels/key_scores.h"

namespace fathom::patterns {
namespace {

constexpr auto kTokens = static_cast<int64_t>(kBlock);  // a block
constexpr int64_t kSegment = 256;                       // queries
constexpr int64_t kFewest = 4;                          // samples of a segment that calls cut
constexpr double kDense = 0.9;  // more of a segment's blocks than these are not worth a choice

struct Segment {
  int64_t begin = 0;  // positions
  int64_t end = 0;
  size_t first_sample = 0;
  size_t samples = 0;
};

// The queries that are scored, segment by segment.
struct Samples {
  std::vector<Segment> segments;
  std::vector<int64_t> positions;
  std::vector<int64_t> blocks;  // of the positions
  std::vector<size_t> visible;  // how many keys each sees
  std::vector<float> queries;   // [samples, head_dim]
};

class SampledRows final : public KeyIndex {
 public:
  SampledRows(double coverage, int64_t rows, const AttentionShape& shape, std::string spec)
      : coverage_(coverage), rows_(rows), shape_(shape), spec_(std::move(spec)) {}

  // The cache itself is all that is needed.
  void append(const Compute&, ConstMatrix<float>, ConstMatrix<float>) override {}
  size_t bytes() const override { return 0; }

  PatternPtr choose(const AttentionCall& call, size_t head) const override {
    if (coverage_ == 1 || call.positions.size() == 1) return everything();
    const Samples samples = samples_of(call, head);
    const auto blocks = static_cast<size_t>((call.positions.end.value - 1) / kTokens + 1);
    std::vector<float> masses(samples.positions.size() * blocks);
    const Matrix<float> view(masses.data(), samples.positions.size(), blocks);
    block_masses(call.compute->isa,
                 {.queries = {samples.queries.data(), view.rows, shape_.head_dim},
                  .scale = shape_.scale,
                  .key_blocks = call.cache[shape_.kv_head(head)].key_blocks,
                  .blocks = blocks,
                  .operand = shape_.operand},
                 samples.visible, view);
    return pattern_of(call, samples, view);
  }

 private:
  Samples samples_of(const AttentionCall& call, size_t head) const {
    const ConstMatrix<float> queries = call.queries_of(head, shape_.head_dim);
    const auto [begin, end] = call.positions;
    Samples samples;
    for (int64_t from = begin.value, to = 0; from < end.value; from = to) {
      to = std::min(end.value, (from / kSegment + 1) * kSegment);
      const int64_t most = std::max(std::min(kFewest, to - from), (to - from) * rows_ / kSegment);
      const size_t first = samples.positions.size();
      // Long steps are a little shorter than they could be, so that samples stand at different
      // places of their blocks: one near its block's begin looks into the block before.
      int64_t step = (to - from) / most;
      step -= step / 16;
      for (int64_t i = 1; i <= most; ++i) {
        const int64_t position = to - 1 - (most - i) * step;
        const float* const query = queries.row(static_cast<size_t>(position - begin.value));
        samples.positions.push_back(position);
        samples.blocks.push_back(position / kTokens);
        samples.visible.push_back(static_cast<size_t>(position + 1));
        samples.queries.insert(samples.queries.end(), query, query + shape_.head_dim);
      }
      samples.segments.push_back({from, to, first, static_cast<size_t>(most)});
    }
    return samples;
  }

  PatternPtr pattern_of(const AttentionCall& call, const Samples& samples,
                        ConstMatrix<float> masses) const {
    std::vector<std::vector<int64_t>> lists;
    for (const Segment& segment : samples.segments) append_lists(segment, samples, masses, lists);
    return std::make_shared<ChosenBlocks>(kTokens, call.positions.begin.value / kTokens,
                                          std::move(lists), spec_);
  }

  // What each block of the segment's queries sees.
  void append_lists(const Segment& segment, const Samples& samples, ConstMatrix<float> masses,
                    std::vector<std::vector<int64_t>>& lists) const {
    ColumnSlash lines(masses.rows_at(segment.first_sample, segment.samples),
                      std::span(samples.blocks).subspan(segment.first_sample, segment.samples));
    lines.take(coverage_);
    const int64_t first = segment.begin / kTokens;
    const int64_t last = (segment.end - 1) / kTokens;
    size_t seen = 0;
    size_t all = 0;
    for (int64_t block = first; block <= last; ++block) {
      lists.push_back(lines.seen_from(block));
      seen += lists.back().size();
      all += static_cast<size_t>(block + 1);
    }
    // Short of the target also where the samples are not numbers.
    const bool met = lines.covered() >= coverage_;
    if (met && static_cast<double>(seen) <= kDense * static_cast<double>(all)) return;
    for (int64_t block = first; block <= last; ++block) {
      std::vector<int64_t>& list = lists[lists.size() - 1 - static_cast<size_t>(last - block)];
      list.resize(static_cast<size_t>(block + 1));
      std::iota(list.begin(), list.end(), 0);
    }
  }

  double coverage_;
  int64_t rows_;  // of kSegment queries
  AttentionShape shape_;
  std::string spec_;
};

const std::array<ParameterInfo, 2> kParameters = {{
    {.name = "coverage",
     .help = "the share of sampled queries' weights to keep, above 0 and up to 1",
     .fallback = 0.95},
    {.name = "rows",
     .help = "how many of 256 queries are sampled, at most 256",
     .fallback = int64_t{8},
     .minimum = 1},
}};

class Sample final : public Pattern {
 public:
  explicit Sample(const Parameters& parameters) : parameters_(parameters) {}
  bool sees(Position, Position) const override { return true; }
  Coverage cover(PositionRange, PositionRange) const override { return Coverage::full; }
  std::unique_ptr<KeyIndex> index(const AttentionShape& shape) const override {
    return std::make_unique<SampledRows>(parameters_.number("coverage"),
                                         parameters_.integer("rows"), shape, spec());
  }
  std::string spec() const override { return "sample" + to_text(parameters_, kParameters); }

 private:
  Parameters parameters_;
};

constexpr std::string_view kExamples[] = {"sample", "sample(coverage=0.5, rows=4)",
                                          "sample(coverage=0.01, rows=256)", "sample(coverage=1)"};

Result<PatternPtr> make(const Parameters& parameters, const Placement&) {
  const double coverage = parameters.number("coverage");
  if (!(coverage > 0 && coverage <= 1)) return Error{"coverage must be above 0 and at most 1"};
  if (parameters.integer("rows") > kSegment)
    return Error{"rows must be at most " + std::to_string(kSegment)};
  return PatternPtr(std::make_shared<Sample>(parameters));
}

}  // namespace

extern const PatternPlugin sample;
const PatternPlugin sample = {
    .name = "sample",
    .summary = "the columns and slashes of blocks that keep `coverage` of sampled queries' weights",
    .paper = "Zhu et al. 2024, SampleAttention, arXiv:2406.15486",
    .parameters = kParameters,
    .examples = kExamples,
    .make = make,
};

}  // namespace fathom::patterns
