// The suite `matmul`: projections alone, of random activations by random weights.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "fathom/base/result.h"
#include "fathom/bench/ceilings.h"
#include "fathom/bench/figure.h"
#include "fathom/quant/dtype.h"

namespace fathom {

inline constexpr std::array kActivations = {Activations::f32, Activations::bf16, Activations::int16,
                                            Activations::int8};

struct MatmulShape {
  size_t rows = 0;
  size_t cols = 0;
  bool operator==(const MatmulShape&) const = default;
};
// "1536x576": rows, columns.
Result<MatmulShape> parse_shape(std::string_view text);
std::string to_string(const MatmulShape& shape);

struct MatmulBench {
  std::vector<DType> types = {DType::q4_0, DType::q4_1, DType::q8_0, DType::q4_k, DType::q6_k};
  std::vector<MatmulShape> shapes = {{576, 576},   {1536, 576},  {576, 1536},
                                     {2048, 2048}, {8192, 2048}, {2048, 8192}};
  std::vector<size_t> tokens = {512, 1};
  std::vector<Activations> activations = {default_activations(best_isa())};
};

// Error: no shape goes with a type's blocks, or activations that this instruction set lacks.
Status check(const MatmulBench& bench, Isa isa);

// Many tokens: GFLOP/s, with the bf16 peak as the ceiling (f32's for f32) and the share of int8's
// beside it. Few (matmul.h): GB/s of weights, which come from memory, and its bandwidth.
void bench_matmul(const BenchRun& run, const MatmulBench& bench, const FigureFn& each);

}  // namespace fathom
