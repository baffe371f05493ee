// topk_blocks(block=B, keep=K): the text is cut into blocks of B tokens; a block of queries sees
// its own block and the K - 1 before it whose mean key has the largest product with the mean query.
//
// Block top-k attention as MoBA gates it (Lu et al. 2025, "MoBA: Mixture of Block Attention for
// Long-Context LLMs", section 2.2, arXiv:2502.13189), with the queries pooled too, so that a whole
// block of them sees the same. Each query head chooses for itself; of equal scores the later block
// wins. Queries are pooled within a call: a block that calls cut is scored by those of its queries
// that the call has.
#include <algorithm>
#include <array>

#include "fathom/attention/block_keys.h"
#include "fathom/attention/chosen_blocks.h"
#include "fathom/attention/compose.h"
#include "fathom/attention/key_index.h"

namespace fathom::patterns {
namespace {

struct Limits {
  int64_t block;  // tokens
  int64_t keep;   // blocks
};

class MeanKeys final : public KeyIndex {
 public:
  MeanKeys(Limits limits, const AttentionShape& shape, std::string spec)
      : limits_(limits),
        shape_(shape),
        spec_(std::move(spec)),
        sums_(shape.kv_heads * shape.head_dim),
        means_(shape.kv_heads, shape.head_dim, Operand::f32) {}

  // Only whole blocks need a mean: no query chooses its own block or a later one.
  void append(const Compute&, ConstMatrix<float> keys, ConstMatrix<float>) override {
    for (size_t t = 0; t < keys.rows; ++t) {
      const float* const key = keys.row(t);
      for (size_t i = 0; i < sums_.size(); ++i) sums_[i] += key[i];
      if (++summed_ == limits_.block) close_block();
    }
  }

  PatternPtr choose(const AttentionCall& call, size_t head) const override {
    const int64_t first = call.positions.begin.value / limits_.block;
    const int64_t last = (call.positions.end.value - 1) / limits_.block;
    if (last < limits_.keep) return everything();
    std::vector<std::vector<int64_t>> lists;
    for (int64_t row = first; row <= last; row += kRows)
      append_lists(call, head, row, std::min(row + kRows - 1, last), lists);
    return std::make_shared<ChosenBlocks>(limits_.block, first, std::move(lists), spec_);
  }

  size_t bytes() const override { return means_.bytes(); }

 private:
  static constexpr int64_t kRows = 24;  // blocks of queries scored at once

  void close_block() {
    std::vector<float> mean(sums_.size());
    for (size_t i = 0; i < sums_.size(); ++i)
      mean[i] = static_cast<float>(sums_[i] / static_cast<double>(summed_));
    means_.append(mean);
    std::ranges::fill(sums_, 0.0);
    summed_ = 0;
  }

  // What blocks of queries [first, last] see.
  void append_lists(const AttentionCall& call, size_t head, int64_t first, int64_t last,
                    std::vector<std::vector<int64_t>>& lists) const {
    const auto rows = static_cast<size_t>(last - first + 1);
    std::vector<float> queries;
    for (int64_t block = first; block <= last; ++block)
      append_mean_query(call, head, block, queries);
    const size_t columns = BlockKeys::columns(static_cast<size_t>(last));
    std::vector<float> scores(rows * columns);
    means_.score(call.compute->isa, shape_.kv_head(head), {queries.data(), rows, shape_.head_dim},
                 {scores.data(), rows, columns});
    for (size_t r = 0; r < rows; ++r) {
      const size_t own = static_cast<size_t>(first) + r;
      lists.push_back(best_blocks({scores.data() + r * columns, own}, limits_.keep - 1));
      lists.back().push_back(static_cast<int64_t>(own));
    }
  }

  void append_mean_query(const AttentionCall& call, size_t head, int64_t block,
                         std::vector<float>& queries) const {
    const int64_t begin = std::max(block * limits_.block, call.positions.begin.value);
    const int64_t end = std::min((block + 1) * limits_.block, call.positions.end.value);
    const ConstMatrix<float> rows =
        call.queries_of(head, shape_.head_dim)
            .rows_at(static_cast<size_t>(begin - call.positions.begin.value),
                     static_cast<size_t>(end - begin));
    std::array<float, 256> sums{};
    for (size_t t = 0; t < rows.rows; ++t)
      for (size_t i = 0; i < rows.cols; ++i) sums[i] += rows.row(t)[i];
    for (size_t i = 0; i < rows.cols; ++i)
      queries.push_back(sums[i] / static_cast<float>(rows.rows));
  }

  Limits limits_;
  AttentionShape shape_;
  std::string spec_;
  std::vector<double> sums_;  // [kv_heads * head_dim]: of the block that is not whole
  int64_t summed_ = 0;        // its tokens
  BlockKeys means_;
};

class TopkBlocks final : public Pattern {
 public:
  explicit TopkBlocks(Limits limits) : limits_(limits) {}
  bool sees(Position, Position) const override { return true; }
  Coverage cover(PositionRange, PositionRange) const override { return Coverage::full; }
  std::unique_ptr<KeyIndex> index(const AttentionShape& shape) const override {
    return std::make_unique<MeanKeys>(limits_, shape, spec());
  }
  std::string spec() const override {
    return "topk_blocks(block=" + std::to_string(limits_.block) +
           ", keep=" + std::to_string(limits_.keep) + ")";
  }

 private:
  Limits limits_;
};

const std::array<ParameterInfo, 2> kParameters = {{
    {.name = "block", .help = "tokens a block", .fallback = int64_t{64}, .minimum = 1},
    {.name = "keep",
     .help = "how many blocks each block of queries sees, its own included",
     .fallback = int64_t{16},
     .minimum = 1},
}};

constexpr std::string_view kExamples[] = {"topk_blocks",
                                          "topk_blocks(keep=2)",
                                          "topk_blocks(block=1, keep=5)",
                                          "topk_blocks(block=16, keep=3)",
                                          "topk_blocks(block=63, keep=1)",
                                          "topk_blocks(block=100, keep=2)",
                                          "topk_blocks(block=9223372036854775807)"};

Result<PatternPtr> make(const Parameters& parameters, const Placement&) {
  return PatternPtr(std::make_shared<TopkBlocks>(
      Limits{.block = parameters.integer("block"), .keep = parameters.integer("keep")}));
}

}  // namespace

extern const PatternPlugin topk_blocks;
const PatternPlugin topk_blocks = {
    .name = "topk_blocks",
    .summary = "its own block, and the `keep` - 1 before it that score highest by their means",
    .paper = "Lu et al. 2025, MoBA, arXiv:2502.13189",
    .parameters = kParameters,
    .examples = kExamples,
    .make = make,
};

}  // namespace fathom::patterns
