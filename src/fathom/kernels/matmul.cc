#include "fathom/kernels/matmul.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "fathom/base/buffer.h"
#include "fathom/kernels/matmul_panels.h"
#include "fathom/quant/code_dot.h"
#include "fathom/quant/decode.h"

namespace fathom {
namespace {

// Few tokens: weights per task. At least 4 us of work in f32: handing a task to another core costs
// a few tenths of one. At most so many that no core waits long for another.
constexpr size_t kFewestDotElements = 131072;
constexpr size_t kMostDotElements = size_t{4} << 20;
// A task's rows are a multiple of this, so that kernels find whole groups of rows.
constexpr size_t kDotRows = 4;
// Tiles of one task of the many-token product; more, where fewer tasks keep all cores busy too.
constexpr size_t kTilesPerTask = 16;
// Tasks of a core, from which on it does not matter if one takes longer.
constexpr size_t kTasksPerThread = 4;
// Packed panels held at a time: enough to keep the cores busy between two joins, few enough for the
// caches.
constexpr size_t kBatchBytes = size_t{4} << 20;
// Rows that one task of gather_rows decodes.
constexpr size_t kGatherRows = 16;

size_t ceil_div(size_t n, size_t unit) { return (n + unit - 1) / unit; }

// Up to `height` rows of one product's weights.
struct Stripe {
  const Product* product;
  size_t begin, end;
};

size_t stripe_count(std::span<const Product> products, size_t height) {
  size_t count = 0;
  for (const Product& product : products) count += ceil_div(product.weights->rows, height);
  return count;
}

// The products' rows, cut into stripes of `height`: number `index` of them.
Stripe stripe_at(std::span<const Product> products, size_t height, size_t index) {
  for (const Product& product : products) {
    const size_t rows = product.weights->rows;
    const size_t count = ceil_div(rows, height);
    if (index < count) return {&product, index * height, std::min((index + 1) * height, rows)};
    index -= count;
  }
  assert(false);
  return {};
}

// Rows of a task for few tokens: a thread's share of all. Long runs of memory are read fastest.
size_t dot_height(const Compute& compute, size_t cols, std::span<const Product> products) {
  size_t rows = 0;
  for (const Product& product : products) rows += product.weights->rows;
  const size_t elements =
      std::clamp(ceil_div(rows, compute.pool->size()) * cols, kFewestDotElements, kMostDotElements);
  return ceil_div(ceil_div(elements, cols), kDotRows) * kDotRows;
}

// How few tokens meet weights of a type, if not in f32.
CodeDots dots_for(const Compute& compute, DType type) {
  return compute.activations == Activations::f32 ? CodeDots{} : code_dots(type, compute.isa);
}

// Every token rounded for those products that want it so, rounded_count(x.cols) each.
const RoundedX* round_tokens(const Compute& compute, ConstMatrix<float> x,
                             std::span<const Product> products) {
  thread_local Buffer<RoundedX> memory;
  const size_t count = rounded_count(x.cols);
  for (const Product& product : products) {
    const CodeDots dots = dots_for(compute, product.weights->type);
    if (dots.round == nullptr) continue;
    memory.ensure(x.rows * count);
    for (size_t t = 0; t < x.rows; ++t) dots.round(x.row(t), x.cols, memory.data() + t * count);
    return memory.data();
  }
  return nullptr;
}

// Few tokens: the weights are read once, decoded in registers or as the codes that they are, in
// parts that stay in L2 for the next token.
void dot_rows(const Compute& compute, ConstMatrix<float> x, std::span<const Product> products) {
  const size_t height = dot_height(compute, x.cols, products);
  const size_t part = std::max(kDotRows, kFewestDotElements / x.cols / kDotRows * kDotRows);
  const RoundedX* const rounded = round_tokens(compute, x, products);
  compute.pool->run(stripe_count(products, height), [&](size_t task, size_t) {
    const Stripe stripe = stripe_at(products, height, task);
    const Weights& weights = *stripe.product->weights;
    const Matrix<float>& y = stripe.product->y;
    const CodeDots dots = dots_for(compute, weights.type);
    const DotFn dot = dotter(weights.type, compute.isa);
    const size_t bytes = row_bytes(weights.type, weights.cols);
    for (size_t row = stripe.begin; row < stripe.end; row += part) {
      const std::byte* const from = weights.data + row * bytes;
      const size_t count = std::min(part, stripe.end - row);
      for (size_t t = 0; t < x.rows; ++t) {
        float* const to = y.row(t) + row;
        if (dots.dot != nullptr) {
          dots.dot(from, count, x.cols, rounded + t * rounded_count(x.cols), to);
        } else {
          for (size_t i = 0; i < count; ++i) to[i] = dot(from + i * bytes, x.row(t), x.cols);
        }
      }
    }
  });
}

// x in the product's form, `row_bytes` from one token to the next, zeros up to whole tiles.
struct Left {
  size_t row_bytes;
  std::byte* data;
};

void convert_tile(const PanelProduct& form, ConstMatrix<float> x, size_t tile, const Left& left) {
  const size_t begin = tile * kTileTokens;
  for (size_t t = begin; t < begin + kTileTokens; ++t) {
    std::byte* const to = left.data + t * left.row_bytes;
    if (t < x.rows) {
      form.convert(x.row(t), x.cols, to);
    } else {
      std::memset(to, 0, left.row_bytes);
    }
  }
}

// Groups into which the tokens are cut, each by each panel a task. As few as leave no core idle for
// more than 3 % of the time: every task brings its panel into its core's cache.
size_t token_groups(size_t panels, size_t tiles, size_t threads) {
  const size_t most = ceil_div(tiles, kTilesPerTask);
  for (size_t groups = 1; groups < most; ++groups) {
    const size_t tasks = panels * groups;
    const size_t in_turns = ceil_div(tasks, threads) * threads;
    if (tasks >= kTasksPerThread * threads && 100 * in_turns <= 103 * tasks) return groups;
  }
  return most;
}

// Many tokens: batches of panels are packed, then multiplied with every group of tokens. Two steps
// rather than one, so that the tasks are small and no panel is decoded twice.
void multiply_panels(const Compute& compute, const PanelProduct& form, ConstMatrix<float> x,
                     std::span<const Product> products) {
  // Fresh memory for every call would cost page faults worth a small product.
  thread_local Buffer<std::byte> left_memory;
  thread_local Buffer<std::byte> panel_memory;

  const size_t tiles = ceil_div(x.rows, kTileTokens);
  // A spare cache line, lest rows 4 KiB apart compete for the same lines of L1.
  const size_t left_row_bytes = ceil_div(form.left_bytes(x.cols), 64) * 64 + 64;
  left_memory.ensure(tiles * kTileTokens * left_row_bytes);
  const Left left{left_row_bytes, left_memory.data()};

  size_t panel_bytes = 0;
  for (const Product& product : products)
    panel_bytes = std::max(panel_bytes, form.panel_bytes(product.weights->type, x.cols));
  const size_t panels = stripe_count(products, kBlock);
  const size_t batch = std::max<size_t>(1, std::min(kBatchBytes / panel_bytes, panels));
  panel_memory.ensure(batch * panel_bytes);
  std::byte* const packed = panel_memory.data();

  for (size_t first = 0; first < panels; first += batch) {
    const size_t count = std::min(batch, panels - first);
    const size_t groups = token_groups(count, tiles, compute.pool->size());
    const size_t conversions = first == 0 ? tiles : 0;
    compute.pool->run(conversions + count, [&](size_t task, size_t) {
      if (task < conversions) return convert_tile(form, x, task, left);
      const size_t i = task - conversions;
      const Stripe stripe = stripe_at(products, kBlock, first + i);
      form.pack(*stripe.product->weights, stripe.begin, stripe.end, packed + i * panel_bytes);
    });
    compute.pool->run(count * groups, [&](size_t task, size_t) {
      const Stripe stripe = stripe_at(products, kBlock, first + task / groups);
      const size_t group = task % groups;  // of equal size, to one tile
      const size_t token = tiles * group / groups * kTileTokens;
      const size_t end = std::min(tiles * (group + 1) / groups * kTileTokens, x.rows);
      const Matrix<float>& y = stripe.product->y;
      form.multiply(stripe.product->weights->type, x.cols,
                    {.left = left.data + token * left.row_bytes,
                     .left_row_bytes = left.row_bytes,
                     .tokens = end - token,
                     .panel = packed + task / groups * panel_bytes,
                     .y = y.row(token) + stripe.begin,
                     .y_stride = y.stride,
                     .width = stripe.end - stripe.begin});
    });
  }
}

// The form in which many tokens meet weights of a type.
const PanelProduct& form_for(const Compute& compute, DType type) {
  const PanelProduct* const codes = code_panels(compute.isa, compute.activations);
  if (codes != nullptr && codes->takes(type)) return *codes;
  return float_panels(compute.isa, compute.activations);
}

}  // namespace

void matmul(const Compute& compute, ConstMatrix<float> x, std::span<const Product> products) {
  assert(x.cols > 0);
  for ([[maybe_unused]] const Product& product : products) {
    assert(product.weights->cols == x.cols);
    assert(product.y.rows == x.rows && product.y.cols == product.weights->rows);
  }
  if (x.rows <= kFewTokens) {
    dot_rows(compute, x, products);
  } else {
    // Runs of products of one form: x is converted once for each.
    while (!products.empty()) {
      const PanelProduct& form = form_for(compute, products[0].weights->type);
      size_t run = 1;
      while (run < products.size() && &form_for(compute, products[run].weights->type) == &form)
        ++run;
      multiply_panels(compute, form, x, products.first(run));
      products = products.subspan(run);
    }
  }
}

void gather_rows(const Compute& compute, const Weights& weights, std::span<const int32_t> ids,
                 Matrix<float> y) {
  assert(y.rows == ids.size() && y.cols == weights.cols);
  const DecodeFn decode = decoder(weights.type, compute.isa);
  const size_t bytes = row_bytes(weights.type, weights.cols);
  compute.pool->run(ceil_div(ids.size(), kGatherRows), [&](size_t task, size_t) {
    const size_t begin = task * kGatherRows;
    for (size_t i = begin; i < std::min(begin + kGatherRows, ids.size()); ++i) {
      const auto row = static_cast<size_t>(ids[i]);
      assert(ids[i] >= 0 && row < weights.rows);
      decode(weights.data + row * bytes, y.row(i), weights.cols);
    }
  });
}

}  // namespace fathom
