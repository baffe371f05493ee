// pages(keep=K): a query alone in its call, as in decoding, sees the page of 64 tokens that it
// stands in and the K - 1 before it that promise the largest score; queries that come together see
// every key.
//
// Quest: Tang et al. 2024, "Quest: Query-Aware Sparsity for Efficient Long-Context LLM Inference",
// section 3.3 (arXiv:2406.10774), whose pages are of 16 tokens; here they are the cache's blocks.
// Of every page and channel the least and the largest element of its keys are kept. No key of the
// page scores more than
//
//   sum over d of max(q_d * least_d, q_d * largest_d) = max(q, 0) . largest + min(q, 0) . least
//
// Each query head chooses for itself; of equal bounds the later page wins.
#include <algorithm>
#include <array>

#include "fathom/attention/block_keys.h"
#include "fathom/attention/chosen_blocks.h"
#include "fathom/attention/compose.h"
#include "fathom/attention/key_index.h"

namespace fathom::patterns {
namespace {

constexpr auto kPage = static_cast<int64_t>(kBlock);

// The least and largest elements of a cache in bf16 are themselves in bf16.
constexpr Operand bound_operand(Operand cache) {
  return cache == Operand::f32 ? Operand::f32 : Operand::bf16;
}

class PageBounds final : public KeyIndex {
 public:
  PageBounds(int64_t keep, const AttentionShape& shape, std::string spec)
      : keep_(keep),
        shape_(shape),
        spec_(std::move(spec)),
        least_(shape.kv_heads * shape.head_dim),
        largest_(least_.size()),
        least_of_pages_(shape.kv_heads, shape.head_dim, bound_operand(shape.operand)),
        largest_of_pages_(shape.kv_heads, shape.head_dim, bound_operand(shape.operand)) {}

  // Only whole pages need bounds: a query sees its own in any case.
  void append(const Compute&, ConstMatrix<float> keys, ConstMatrix<float>) override {
    for (size_t t = 0; t < keys.rows; ++t) {
      const float* const key = keys.row(t);
      for (size_t i = 0; i < keys.cols; ++i) {
        least_[i] = in_page_ == 0 ? key[i] : std::min(least_[i], key[i]);
        largest_[i] = in_page_ == 0 ? key[i] : std::max(largest_[i], key[i]);
      }
      if (++in_page_ < kPage) continue;
      least_of_pages_.append(least_);
      largest_of_pages_.append(largest_);
      in_page_ = 0;
    }
  }

  // Heads of one KV head are scored together: its bounds are read once.
  void prepare(const AttentionCall& call) override {
    if (!chooses(call)) return;
    columns_ = BlockKeys::columns(own_page(call));
    bounds_.resize(shape_.heads * columns_);
    call.compute->pool->run(shape_.kv_heads,
                            [&](size_t kv_head, size_t) { score_pages(call, kv_head); });
  }

  PatternPtr choose(const AttentionCall& call, size_t head) const override {
    if (!chooses(call)) return everything();
    const size_t own = own_page(call);
    std::vector<std::vector<int64_t>> lists;
    lists.push_back(best_blocks({bounds_.data() + head * columns_, own}, keep_ - 1));
    lists.back().push_back(static_cast<int64_t>(own));
    return std::make_shared<ChosenBlocks>(kPage, static_cast<int64_t>(own), std::move(lists),
                                          spec_);
  }

  size_t bytes() const override { return least_of_pages_.bytes() + largest_of_pages_.bytes(); }

 private:
  static size_t own_page(const AttentionCall& call) {
    return static_cast<size_t>(call.positions.begin.value / kPage);
  }
  bool chooses(const AttentionCall& call) const {
    return call.positions.size() == 1 && static_cast<int64_t>(own_page(call)) >= keep_;
  }

  // What a key of each page scores at most, scale aside, for the heads of a KV head.
  void score_pages(const AttentionCall& call, size_t kv_head) {
    const size_t dim = shape_.head_dim;
    const size_t heads = shape_.heads / shape_.kv_heads;
    const float* const queries = call.queries.row(0) + kv_head * heads * dim;
    std::vector<float> up(heads * dim);
    std::vector<float> down(heads * dim);
    for (size_t i = 0; i < up.size(); ++i) {
      up[i] = std::max(queries[i], 0.0f);
      down[i] = std::min(queries[i], 0.0f);
    }
    const Matrix<float> bounds(bounds_.data() + kv_head * heads * columns_, heads, columns_);
    std::vector<float> below(heads * columns_);
    const Isa isa = call.compute->isa;
    largest_of_pages_.score(isa, kv_head, {up.data(), heads, dim}, bounds);
    least_of_pages_.score(isa, kv_head, {down.data(), heads, dim}, {below.data(), heads, columns_});
    for (size_t i = 0; i < below.size(); ++i) bounds.data[i] += below[i];
  }

  int64_t keep_;  // pages
  AttentionShape shape_;
  std::string spec_;
  std::vector<float> least_, largest_;  // [kv_heads * head_dim]: of the page that is not whole
  int64_t in_page_ = 0;                 // its tokens
  BlockKeys least_of_pages_, largest_of_pages_;
  size_t columns_ = 0;         // of the call's bounds
  std::vector<float> bounds_;  // [heads, columns_]
};

class Pages final : public Pattern {
 public:
  explicit Pages(int64_t keep) : keep_(keep) {}
  bool sees(Position, Position) const override { return true; }
  Coverage cover(PositionRange, PositionRange) const override { return Coverage::full; }
  std::unique_ptr<KeyIndex> index(const AttentionShape& shape) const override {
    return std::make_unique<PageBounds>(keep_, shape, spec());
  }
  std::string spec() const override { return "pages(keep=" + std::to_string(keep_) + ")"; }

 private:
  int64_t keep_;
};

const std::array<ParameterInfo, 1> kParameters = {{
    {.name = "keep",
     .help = "how many pages of 64 tokens a query sees, its own included",
     .fallback = int64_t{64},
     .minimum = 1},
}};

constexpr std::string_view kExamples[] = {"pages", "pages(keep=1)", "pages(keep=2)",
                                          "pages(keep=9223372036854775807)"};

Result<PatternPtr> make(const Parameters& parameters, const Placement&) {
  return PatternPtr(std::make_shared<Pages>(parameters.integer("keep")));
}

}  // namespace

extern const PatternPlugin pages;
const PatternPlugin pages = {
    .name = "pages",
    .summary =
        "decoding: its own page, and the `keep` - 1 before it with the best bound of a score",
    .paper = "Tang et al. 2024, Quest, arXiv:2406.10774",
    .parameters = kParameters,
    .examples = kExamples,
    .make = make,
};

}  // namespace fathom::patterns
