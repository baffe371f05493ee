#include "fathom/bench/attention.h"

#include <string>

#include "fathom/attention/key_index.h"
#include "fathom/bench/attention_problem.h"
#include "fathom/bench/shortest.h"

namespace fathom {
namespace {

struct Point {
  KvFormat format;
  size_t head_dim, depth;
};

KvFormat format_of(Operand operand, const KvTypes& types) {
  KvFormat format{.operand = operand};
  if (types.keys.has_value() && operand != Operand::int8) format.keys = *types.keys;
  if (types.values.has_value()) format.values = *types.values;
  return format;
}

// As --kv has it.
std::string kv_name(const KvFormat& format) {
  const std::string keys(format.operand == Operand::int8 ? "int8" : name(format.keys));
  const std::string values(name(format.values));
  return keys == values ? keys : "k=" + keys + ",v=" + values;
}

// Each operand and head size, and within those each depth, stored in each way.
std::vector<Point> points_of(const AttentionBench& bench) {
  std::vector<Point> points;
  for (const Operand operand : bench.operands)
    for (const size_t head_dim : bench.head_dims)
      for (const size_t depth : bench.depths)
        for (const KvTypes& types : bench.kv)
          points.push_back({format_of(operand, types), head_dim, depth});
  return points;
}

Figure figure_at(const Point& point, std::string name) {
  Figure figure;
  figure.name = std::move(name);
  figure.at = {{"operand", fathom::name(point.format.operand)},
               {"kv", kv_name(point.format)},
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
  for (const KvTypes& types : bench.kv)
    for (const Operand operand : bench.operands) {
      const KvFormat format = format_of(operand, types);
      if (operand != Operand::f32 && (format.keys == KvType::f32 || format.values == KvType::f32))
        return Error{"--kv f32: only where products are in f32 (--precision f32)"};
    }
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
    AttentionProblem problem(bench, point.format, point.head_dim, bench.tokens, point.depth, 1);
    const Compute compute = in(run.compute, point.format.operand);
    const Arithmetic arithmetic = arithmetic_of(point.format.operand);
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
    return kv_bytes(point.format, bench.kv_heads, point.head_dim, tokens);
  };
  for (const Point& point : points_of(bench)) {
    const size_t copies = memory_bytes() / bytes_of(point, point.depth + 1) + 1;
    AttentionProblem problem(bench, point.format, point.head_dim, 1, point.depth, copies);
    const Compute compute = in(run.compute, point.format.operand);
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
