#include "fathom/bench/matmul.h"

#include <charconv>
#include <cmath>
#include <functional>

#include "fathom/bench/shortest.h"
#include "fathom/bench/synthetic_kv.h"
#include "fathom/bench/synthetic_weights.h"
#include "fathom/quant/decode.h"

namespace fathom {
namespace {

constexpr size_t kCheckedRows = 32, kCheckedTokens = 4;
constexpr size_t kMostSide = 1 << 20;

struct Point {
  Activations activations;
  size_t tokens;
  MatmulShape shape;
  DType type;

  bool fits() const { return shape.cols % info(type).block_size == 0; }
};

std::vector<Point> points_of(const MatmulBench& bench) {
  std::vector<Point> points;
  for (const Activations activations : bench.activations)
    for (const size_t tokens : bench.tokens)
      for (const MatmulShape& shape : bench.shapes)
        for (const DType type : bench.types) points.push_back({activations, tokens, shape, type});
  return points;
}

struct Operands {
  std::vector<float> x, y;  // [tokens, cols], [tokens, rows]
};

// Of a few rows and tokens, spread over all.
double error_of(const Point& point, const Weights& weights, const Operands& operands) {
  const auto [rows, cols] = point.shape;
  const DecodeFn decode = decoder(point.type, Isa::portable);
  std::vector<float> row(cols);
  double difference = 0, size = 0;
  for (size_t i = 0; i < kCheckedRows; ++i) {
    const size_t r = i * (rows - 1) / (kCheckedRows - 1);
    decode(weights.data + r * row_bytes(point.type, cols), row.data(), cols);
    for (size_t j = 0; j < kCheckedTokens; ++j) {
      const size_t token = j * (point.tokens - 1) / (kCheckedTokens - 1);
      double expected = 0;
      for (size_t c = 0; c < cols; ++c)
        expected += static_cast<double>(row[c]) * operands.x[token * cols + c];
      const double got = operands.y[token * rows + r];
      difference += (got - expected) * (got - expected);
      size += expected * expected;
    }
  }
  return std::sqrt(difference / size);
}

Arithmetic arithmetic_of(Activations activations) {
  return activations == Activations::f32 ? Arithmetic::f32 : Arithmetic::bf16;
}

// Many tokens: the rate of products, beside the activations' own arithmetic and int8's share.
void measure_products(const Point& point, const std::function<void()>& work, Ceilings& ceilings,
                      Figure& figure) {
  const Arithmetic arithmetic = arithmetic_of(point.activations);
  const auto [seconds, peak] = ceilings.beside(arithmetic, work);
  const double rate =
      2.0 * static_cast<double>(point.tokens * point.shape.rows * point.shape.cols) / seconds;
  figure.value = rate * 1e-9;
  figure.unit = "GFLOP/s";
  set_ceiling(figure, peak * 1e-9, std::string(name(arithmetic)) + " peak");
  figure.more["ms"] = seconds * 1e3;
  const double int8 = ceilings.peak(Arithmetic::int8);
  if (int8 > 0) figure.more["of_int8_peak"] = rate / int8;
}

// Few tokens: the rate at which weights are read. `work` reads several copies, more than the caches
// hold.
void measure_reading(const BenchRun& run, double bytes, size_t copies,
                     const std::function<void()>& work, Ceilings& ceilings, Figure& figure) {
  const double seconds = shortest_seconds(run.seconds, work) / static_cast<double>(copies);
  figure.value = bytes / seconds * 1e-9;
  figure.unit = "GB/s";
  set_ceiling(figure, ceilings.memory() * 1e-9, "memory");
  figure.more["ms"] = seconds * 1e3;
}

Figure measure(const BenchRun& run, const Point& point, Ceilings& ceilings) {
  const auto [rows, cols] = point.shape;
  const bool few = point.tokens <= kFewTokens;
  const size_t matrix_bytes = rows * row_bytes(point.type, cols);
  const SyntheticWeights weights(point.type, rows, cols,
                                 few ? memory_bytes() / matrix_bytes + 1 : 1);
  Operands operands{random_normal(point.tokens * cols, 4), std::vector<float>(point.tokens * rows)};
  Compute compute = run.compute;
  compute.activations = point.activations;
  const auto work = [&] {
    for (size_t copy = 0; copy < weights.copies(); ++copy) {
      const Weights one = weights.copy(copy);
      const Product product{&one, {operands.y.data(), point.tokens, rows}};
      matmul(compute, {operands.x.data(), point.tokens, cols}, {&product, 1});
    }
  };
  Figure figure;
  if (few) {
    measure_reading(run, static_cast<double>(matrix_bytes), weights.copies(), work, ceilings,
                    figure);
  } else {
    measure_products(point, work, ceilings, figure);
  }
  figure.error = error_of(point, weights.copy(0), operands);
  return figure;
}

}  // namespace

Result<MatmulShape> parse_shape(std::string_view text) {
  MatmulShape shape;
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const auto [x, bad_rows] = std::from_chars(begin, end, shape.rows);
  if (bad_rows == std::errc() && x != end && *x == 'x') {
    const auto [stop, bad_cols] = std::from_chars(x + 1, end, shape.cols);
    const bool sane =
        shape.rows > 0 && shape.cols > 0 && shape.rows <= kMostSide && shape.cols <= kMostSide;
    if (bad_cols == std::errc() && stop == end && sane) return shape;
  }
  return Error{"'" + std::string(text) + "' is not ROWSxCOLUMNS, as 1536x576"};
}

std::string to_string(const MatmulShape& shape) {
  return std::to_string(shape.rows) + "x" + std::to_string(shape.cols);
}

Status check(const MatmulBench& bench, Isa isa) {
  for (const Activations activations : bench.activations) {
    const bool lacking = (activations == Activations::int8 && !multiplies_bytes(isa)) ||
                         (activations == Activations::bf16 && !multiplies_bf16(isa));
    if (lacking)
      return Error{"--precision " + std::string(name(activations)) + ": " + std::string(name(isa)) +
                   " has no such products; f32 and int16 run anywhere"};
  }
  for (const Point& point : points_of(bench))
    if (point.fits()) return {};
  return Error{"no shape's columns are a multiple of a type's block: 32, or 256 of a K type"};
}

void bench_matmul(const BenchRun& run, const MatmulBench& bench, const FigureFn& each) {
  Ceilings ceilings(run);
  for (const Point& point : points_of(bench)) {
    Figure figure;
    if (point.fits())
      figure = measure(run, point, ceilings);
    else
      figure.note = "its blocks of " + std::to_string(info(point.type).block_size) +
                    " elements do not divide a row";
    figure.name = "matmul";
    figure.at = {{"weights", info(point.type).name},
                 {"activations", name(point.activations)},
                 {"shape", to_string(point.shape)},
                 {"tokens", point.tokens}};
    each(figure);
  }
}

}  // namespace fathom
