#include "fathom/bench/attention.h"

#include <string>

#include "fathom/attention/key_index.h"
#include "fathom/bench/attention_problem.h"
#include "fathom/bench/shortest.h"

namespace fathom {
namespace {

struct Point {
  Operand operand;
  size_t head_dim, depth;
};

// Each operand and head size, and within those each depth.
std::vector<Point> points_of(const AttentionBench& bench) {
  std::vector<Point> points;
  for (const Operand operand : bench.operands)
    for (const size_t head_dim : bench.head_dims)
      for (const size_t depth : bench.depths) points.push_back({operand, head_dim, depth});
  return points;
}

Figure figure_at(const Point& point, std::string name) {
  Figure figure;
  figure.name = std::move(name);
  figure.at = {{"operand", fathom::name(point.operand)},
               {"head_dim", point.head_dim},
               {"depth", point.depth}};
  return figure;
}

// What the operand's ceiling is counted in.
Arithmetic arithmetic_of(Operand operand) {
  return operand == Operand::f32 ? Arithmetic::f32 : Arithmetic::bf16;
}

Compute in(Compute compute, Operand operand) {
  compute.operand = operand;
  return compute;
}

}  // namespace

Status check(const AttentionBench& bench, Isa isa) {
  if (bench.pattern->index({.head_dim = 16}) != nullptr)
    return Error{"--attn " + bench.pattern->spec() +
                 ": chooses by content, of which there is none here; fathom bench patterns "
                 "measures such patterns"};
  for (const Operand operand : bench.operands)
    if (operand == Operand::int8 && !multiplies_bytes(isa))
      return Error{"--precision int8: " + std::string(name(isa)) +
                   " has no products of bytes; f32 and bf16 run anywhere"};
  for (const size_t head_dim : bench.head_dims)
    if (head_dim == 0 || head_dim > 256 || head_dim % 16 != 0)
      return Error{"--head-dim " + std::to_string(head_dim) +
                   ": must be a multiple of 16 up to 256"};
  if (bench.kv_heads == 0 || bench.heads % bench.kv_heads != 0)
    return Error{"--heads " + std::to_string(bench.heads) + ": must be a multiple of --kv-heads " +
                 std::to_string(bench.kv_heads)};
  return {};
}

void bench_attention(const BenchRun& run, const AttentionBench& bench, const FigureFn& each) {
  const Ceilings ceilings(run);
  for (const Point& point : points_of(bench)) {
    AttentionProblem problem(bench, point.operand, point.head_dim, bench.tokens, point.depth, 1);
    const Compute compute = in(run.compute, point.operand);
    const Arithmetic arithmetic = arithmetic_of(point.operand);
    const auto [seconds, peak] =
        ceilings.beside(arithmetic, [&] { problem.attend_once(compute, 0); });
    Figure figure = figure_at(point, "attention");
    figure.value = problem.flops() / seconds * 1e-9;
    figure.unit = "GFLOP/s";
    set_ceiling(figure, peak * 1e-9, std::string(name(arithmetic)) + " peak");
    figure.error = problem.error();
    figure.more = {{"ms", seconds * 1e3},
                   {"ns_per_pair", seconds * 1e9 / static_cast<double>(problem.pairs())}};
    each(figure);
  }
}

void bench_decode(const BenchRun& run, const AttentionBench& bench, const FigureFn& each) {
  Ceilings ceilings(run);
  const auto bytes_of = [&](const Point& point, size_t tokens) {
    return kv_bytes(point.operand, bench.kv_heads, point.head_dim, tokens);
  };
  for (const Point& point : points_of(bench)) {
    const size_t copies = memory_bytes() / bytes_of(point, point.depth + 1) + 1;
    AttentionProblem problem(bench, point.operand, point.head_dim, 1, point.depth, copies);
    const Compute compute = in(run.compute, point.operand);
    const double round = shortest_seconds(run.seconds, [&] {
      for (size_t copy = 0; copy < copies; ++copy) problem.attend_once(compute, copy);
    });
    const double seconds = round / static_cast<double>(copies);
    Figure figure = figure_at(point, "decode");
    figure.value = static_cast<double>(bytes_of(point, problem.pairs())) / seconds * 1e-9;
    figure.unit = "GB/s";
    set_ceiling(figure, ceilings.memory() * 1e-9, "memory");
    figure.error = problem.error();
    figure.more = {{"ms", seconds * 1e3}};
    each(figure);
  }
}

}  // namespace fathom
