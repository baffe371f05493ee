// dhsa(block=B, keep=K, local=L, first=F, chunk=C): the queries of one block of B tokens see K keys
// between them, chosen chunk by chunk, and each the newest L keys and the first F of the text.
//
// Dynamic hierarchical sparse attention, first version: Xiong et al. 2025, "Long-Context Modeling
// with Dynamic Hierarchical Sparse Attention for On-Device LLMs" (arXiv:2510.24606v1).
//
// Blocks of queries are fixed, chunks of keys follow the text (key_chunks.h). A block's queries and
// a chunk's keys are each represented by their mean over tokens and heads, times the root of how
// many tokens there are, and scored by their product. Every token before the block has its chunk's
// score; the K highest are kept, of chunks that score alike the later one first, and of the chunk
// at which K is reached its first tokens. All heads of a layer see the same.
//
// A call has the queries of a block that it has, and the tokens before the block are those before
// the first of them: so a single query is a block. Those of them in no chunk yet, fewer than B, are
// always seen. Calls that begin and end where blocks do choose as one call over all would.
//
// Of the paper, this leaves out the trained predictor of chunks' bounds, and that the last 64
// queries of a prompt see every key.
#include <algorithm>
#include <array>
#include <cassert>

#include "fathom/attention/key_chunks.h"
#include "fathom/attention/key_index.h"
#include "fathom/attention/key_ranges.h"
#include "fathom/attention/pattern.h"
#include "fathom/base/parameter_parser.h"

namespace fathom::patterns {
namespace {

const std::array<ParameterInfo, 5> kParameters = {{
    {.name = "block",
     .help = "tokens whose queries choose together",
     .fallback = int64_t{128},
     .minimum = 1},
    {.name = "keep", .help = "how many keys they choose", .fallback = int64_t{1024}},
    {.name = "local",
     .help = "how many of the newest keys a query always sees, itself included",
     .fallback = int64_t{128},
     .minimum = 1},
    {.name = "first",
     .help = "how many of the text's first keys a query always sees",
     .fallback = int64_t{128}},
    {.name = "chunk",
     .help = "tokens a chunk of keys, on average",
     .fallback = int64_t{16},
     .minimum = 1},
}};

// The sum of the queries over tokens and heads. It points where their mean times a root does, and
// length alone changes no order of scores.
std::vector<float> represent(ConstMatrix<float> queries, size_t head_dim) {
  std::vector<float> sum(head_dim);
  for (size_t column = 0; column < queries.cols; column += head_dim)
    for (size_t i = 0; i < queries.rows; ++i)
      for (size_t d = 0; d < head_dim; ++d) sum[d] += queries.row(i)[column + d];
  return sum;
}

class DhsaIndex final : public KeyIndex {
 public:
  DhsaIndex(Parameters parameters, std::string spec, const AttentionShape& shape)
      : parameters_(std::move(parameters)),
        spec_(std::move(spec)),
        head_dim_(shape.head_dim),
        chunks_(shape.kv_heads, shape.head_dim, parameters_.integer("chunk"),
                parameters_.integer("block")) {}

  void append(const Compute&, ConstMatrix<float> keys, ConstMatrix<float>) override {
    chunks_.append(keys);
  }

  void prepare(const AttentionCall& call) override {
    std::vector<SharedRanges> shares = cut_into_blocks(call.positions);
    call.compute->pool->run(shares.size(), [&](size_t task, size_t) {
      SharedRanges& share = shares[task];
      const auto row = static_cast<size_t>(share.queries.begin.value - call.positions.begin.value);
      const auto rows = static_cast<size_t>(share.queries.size());
      share.keys = choose_keys(call.queries.rows_at(row, rows), share.queries.begin.value);
    });
    chosen_ = key_ranges(std::move(shares), parameters_.integer("local"), spec_);
  }

  PatternPtr choose(const AttentionCall&, size_t) const override { return chosen_; }

  size_t bytes() const override { return chunks_.bytes(); }

 private:
  std::vector<SharedRanges> cut_into_blocks(PositionRange positions) const {
    const int64_t block = parameters_.integer("block");
    std::vector<SharedRanges> shares;
    for (Position begin = positions.begin; begin < positions.end;) {
      const Position block_end{begin.value - begin.value % block + block};
      const Position end = std::min(block_end, positions.end);
      shares.push_back({{begin, end}, {}});
      begin = end;
    }
    return shares;
  }

  // What queries share whose first is at `begin`.
  std::vector<PositionRange> choose_keys(ConstMatrix<float> queries, int64_t begin) const {
    const std::span<const int64_t> begins = chunks_.begins();
    // Chunks that end by then; `begins` has one entry more than there are chunks.
    const auto before = static_cast<size_t>(std::ranges::upper_bound(begins.subspan(1), begin) -
                                            begins.subspan(1).begin());
    std::vector<float> scores(before);
    chunks_.score(represent(queries, head_dim_), scores);
    const int64_t first = parameters_.integer("first");
    std::vector<PositionRange> keys = best(scores, first);
    keys.push_back({{0}, {first}});
    keys.push_back({{begins[before]}, {begin}});
    return keys;
  }

  // The chunks with the highest scores, without the text's first keys, `keep` keys in all.
  std::vector<PositionRange> best(std::span<const float> scores, int64_t first) const {
    const std::span<const int64_t> begins = chunks_.begins();
    std::vector<size_t> heap(scores.size());
    for (size_t i = 0; i < heap.size(); ++i) heap[i] = i;
    const auto worse = [&](size_t a, size_t b) {
      return scores[a] != scores[b] ? scores[a] < scores[b] : a < b;
    };
    std::ranges::make_heap(heap, worse);
    std::vector<PositionRange> keys;
    for (int64_t left = parameters_.integer("keep"); left > 0 && !heap.empty();) {
      const size_t chunk = heap.front();
      std::ranges::pop_heap(heap, worse);
      heap.pop_back();
      const int64_t begin = std::max(begins[chunk], first);
      const int64_t size = std::min(begins[chunk + 1] - begin, left);
      if (size <= 0) continue;
      keys.push_back({{begin}, {begin + size}});
      left -= size;
    }
    return keys;
  }

  Parameters parameters_;
  std::string spec_;
  size_t head_dim_;
  KeyChunks chunks_;
  PatternPtr chosen_;
};

class Dhsa final : public Pattern {
 public:
  explicit Dhsa(Parameters parameters) : parameters_(std::move(parameters)) {}

  bool sees(Position, Position) const override { return true; }
  Coverage cover(PositionRange, PositionRange) const override { return Coverage::partial; }
  std::unique_ptr<KeyIndex> index(const AttentionShape& shape) const override {
    return std::make_unique<DhsaIndex>(parameters_, spec(), shape);
  }
  std::string spec() const override { return "dhsa" + to_text(parameters_, kParameters); }

 private:
  Parameters parameters_;
};

constexpr std::string_view kExamples[] = {
    "dhsa",
    "dhsa(block=32, keep=40, local=32, first=8)",
    "dhsa(block=16, keep=0, local=1, first=0)",
    "dhsa(block=64, keep=33, local=70, first=3, chunk=5)",
    "dhsa(block=48, keep=20, local=10, first=1, chunk=1)",
    "dhsa(block=1, keep=7, local=2, first=2)",
    "dhsa(block=9223372036854775807, keep=1, chunk=9223372036854775807)"};

Result<PatternPtr> make(const Parameters& parameters, const Placement&) {
  return PatternPtr(std::make_shared<Dhsa>(parameters));
}

}  // namespace

extern const PatternPlugin dhsa;
const PatternPlugin dhsa = {
    .name = "dhsa",
    .summary =
        "the newest and the first keys, and the `keep` keys in the chunks of the text that "
        "score best for its block of queries",
    .paper = "Xiong et al. 2025, DHSA, arXiv:2510.24606v1",
    .parameters = kParameters,
    .examples = kExamples,
    .make = make,
};

}  // namespace fathom::patterns
