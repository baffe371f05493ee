// How close the projections come to the machine: many tokens against the peak of the multiply-add
// units, one token against the memory's bandwidth, both measured in the same run.
//
//   bench_matmul [--threads N] [--isa NAME] [--operand bf16|f32] [--tokens N] [--json]
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "arguments.h"
#include "fathom/base/buffer.h"
#include "fathom/base/thread_pool.h"
#include "fathom/kernels/matmul.h"
#include "fathom/simd/isa.h"
#include "peak.h"
#include "shortest.h"

namespace fathom {
namespace {

constexpr double kSecondsPerPoint = 0.33;

// Any byte will do where only time counts; this one makes every f16 scale a small normal number.
constexpr int kWeightByte = 0x2c;

struct Matrix2d {
  DType type;
  size_t rows, cols;
  Buffer<std::byte> bytes;
  Weights weights;
  Matrix2d(DType t, size_t r, size_t c) : type(t), rows(r), cols(c), bytes(r * row_bytes(t, c)) {
    std::memset(bytes.data(), kWeightByte, bytes.size());
    weights = {type, bytes.data(), rows, cols};
  }
};

struct Shape {
  size_t rows, cols;
};
constexpr Shape kShapes[] = {{576, 576}, {1536, 576}, {576, 1536}, {2048, 640}, {49152, 576}};
constexpr DType kTypes[] = {DType::q4_1, DType::q5_0, DType::q8_0, DType::q4_k, DType::q6_k};

struct Options {
  size_t threads = available_cores();
  Isa isa = best_isa();
  Operand operand = Operand::bf16;
  size_t tokens = 512;
  bool json = false;
};

// One line of text or of JSON for every number.
void report(const Options& options, const std::string& what, double value, const char* unit,
            double share) {
  if (options.json) {
    std::printf("{\"name\": \"%s\", \"value\": %.4g, \"unit\": \"%s\", \"share\": %.3f}\n",
                what.c_str(), value, unit, share);
  } else {
    std::printf("%-28s %9.4g %-8s %5.1f %%\n", what.c_str(), value, unit, 100 * share);
  }
}

void many_tokens(const Options& options, const Compute& compute) {
  const double peak = peak_flops(compute);
  report(options, "peak", peak * 1e-9, "GFLOP/s", 1);
  for (const Shape shape : kShapes) {
    Buffer<float> x(options.tokens * shape.cols);
    std::fill(x.data(), x.data() + x.size(), 1.0f);
    Buffer<float> y(options.tokens * shape.rows);
    for (const DType type : kTypes) {
      if (shape.cols % info(type).block_size != 0) continue;
      const Matrix2d w(type, shape.rows, shape.cols);
      const Product product{&w.weights, {y.data(), options.tokens, shape.rows}};
      const double seconds = shortest_seconds(kSecondsPerPoint, [&] {
        matmul(compute, {x.data(), options.tokens, shape.cols}, {&product, 1});
      });
      const double flops =
          2.0 * static_cast<double>(options.tokens * shape.rows * shape.cols) / seconds;
      report(options,
             std::string(info(type).name) + " " + std::to_string(shape.rows) + "x" +
                 std::to_string(shape.cols),
             flops * 1e-9, "GFLOP/s", flops / peak);
    }
  }
}

// Every projection of SmolLM2-135M for one token, as its file has them: Q4_1, and Q8_0 at the end.
void one_token(const Options& options, const Compute& compute) {
  const double bandwidth = read_bandwidth(compute);
  report(options, "memory", bandwidth * 1e-9, "GB/s", 1);
  struct Call {
    std::vector<Matrix2d> weights;
    size_t cols;
  };
  const auto call = [](DType type, size_t cols, std::initializer_list<size_t> rows) {
    Call made{{}, cols};
    for (const size_t r : rows) made.weights.emplace_back(type, r, cols);
    return made;
  };
  std::vector<Call> calls;
  for (int layer = 0; layer < 30; ++layer) {
    calls.push_back(call(DType::q4_1, 576, {576, 192, 192}));
    calls.push_back(call(DType::q4_1, 576, {576}));
    calls.push_back(call(DType::q4_1, 576, {1536, 1536}));
    calls.push_back(call(DType::q4_1, 1536, {576}));
  }
  calls.push_back(call(DType::q8_0, 576, {49152}));

  double bytes = 0;
  for (const Call& c : calls)
    for (const Matrix2d& w : c.weights) bytes += static_cast<double>(w.bytes.size());
  const std::vector<float> x(1536, 1.0f);
  Buffer<float> y(49152);
  const double seconds = shortest_seconds(kSecondsPerPoint, [&] {
    for (const Call& c : calls) {
      std::vector<Product> products;
      size_t at = 0;
      for (const Matrix2d& w : c.weights) {
        products.push_back({&w.weights, {y.data() + at, 1, w.rows}});
        at += w.rows;
      }
      matmul(compute, {x.data(), 1, c.cols}, products);
    }
  });
  report(options, "SmolLM2-135M, one token", seconds * 1e3, "ms", bytes / seconds / bandwidth);
}

Result<Options> parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (flag == "--json") {
      options.json = true;
      continue;
    }
    if (i + 1 == argc) return Error{std::string(flag) + " needs a value"};
    const std::string_view value = argv[++i];
    if (flag == "--isa") {
      FATHOM_TRY(options.isa, parse_isa(value));
    } else if (flag == "--operand") {
      FATHOM_TRY(options.operand, parse_operand(value));
    } else if (flag == "--threads") {
      FATHOM_TRY(options.threads, parse_positive(value));
    } else if (flag == "--tokens") {
      FATHOM_TRY(options.tokens, parse_positive(value));
    } else {
      return Error{std::string(flag) +
                   ": not one of --threads, --isa, --operand, --tokens, --json"};
    }
  }
  return options;
}

}  // namespace
}  // namespace fathom

int main(int argc, char** argv) {
  const auto options = fathom::parse(argc, argv);
  if (!options.ok()) {
    std::fprintf(stderr, "bench_matmul: %s\n", options.error().message.c_str());
    return 2;
  }
  fathom::ThreadPool pool(options->threads);
  const auto activations = options->operand == fathom::Operand::bf16 ? fathom::Activations::bf16
                                                                     : fathom::Activations::f32;
  const fathom::Compute compute{options->isa, options->operand, activations, &pool};
  if (!options->json)
    std::printf("%s, %s, %zu threads, %zu tokens\n", std::string(name(compute.isa)).c_str(),
                std::string(name(compute.operand)).c_str(), pool.size(), options->tokens);
  fathom::many_tokens(*options, compute);
  fathom::one_token(*options, compute);
}
