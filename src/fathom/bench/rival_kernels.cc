#include "fathom/bench/rival_kernels.h"

#include <string>

namespace fathom {
namespace {

Figure figure_of(std::string name, const Rival& rival, size_t depth) {
  Figure figure;
  figure.name = std::move(name);
  figure.at = {{"program", rival.name()}, {"depth", depth}};
  return figure;
}

// A rate, unless the times differ by less than they vary.
void set_rate(Figure& figure, double work, double seconds, std::string unit, std::string note) {
  figure.unit = std::move(unit);
  if (seconds > 0) figure.value = work / seconds * 1e-9;
  figure.note = std::move(note) + (seconds > 0 ? "" : "; it is not above 0");
}

Figure attention(const Rival& rival, const ModelCost& cost, size_t depth, const RivalTimes& deep,
                 const RivalTimes& first) {
  Figure figure = figure_of("attention", rival, depth);
  const double flops =
      cost.attention_flops(depth, kPrefillTokens) - cost.attention_flops(0, kPrefillTokens);
  set_rate(figure, flops, deep.prefill_s - first.prefill_s, "GFLOP/s",
           "derived: time of 512 tokens at the depth less that at 0");
  figure.more = {{"with", deep.prefill_with}};
  return figure;
}

Figure decode(const Rival& rival, const ModelCost& cost, size_t depth, const RivalTimes& deep,
              const RivalTimes& first) {
  Figure figure = figure_of("decode", rival, depth);
  const double bytes = cost.cache_bytes({}, depth) - cost.cache_bytes({}, 0);
  set_rate(figure, bytes, deep.decode_s - first.decode_s, "GB/s",
           "derived: time of a token at the depth less that at 0");
  figure.more = {{"with", deep.decode_with}};
  return figure;
}

Figure matmul(const Rival& rival, const ModelCost& cost, const RivalTimes& first) {
  Figure figure = figure_of("matmul", rival, 0);
  set_rate(figure, cost.projection_flops(kPrefillTokens), first.prefill_s, "GFLOP/s",
           "derived: all projections of 512 tokens over their whole time");
  figure.more = {{"with", first.prefill_with}};
  return figure;
}

}  // namespace

Status bench_rival_kernels(RivalKernel kernel, const std::vector<Rival>& rivals,
                           const RivalSettings& settings, const Model& model,
                           const std::vector<size_t>& depths, const FigureFn& each) {
  FATHOM_TRY(HeadPatterns heads, patterns_of(model.spec, PatternMap()));
  const ModelCost cost(model, std::move(heads));
  for (const Rival& rival : rivals) {
    FATHOM_TRY(const RivalTimes first, rival.measure(settings, model.file.path(), 0));
    if (kernel == RivalKernel::matmul) each(matmul(rival, cost, first));
    for (const size_t depth : depths) {
      if (kernel == RivalKernel::matmul || depth == 0) continue;
      FATHOM_TRY(const RivalTimes deep, rival.measure(settings, model.file.path(), depth));
      each(kernel == RivalKernel::attention ? attention(rival, cost, depth, deep, first)
                                            : decode(rival, cost, depth, deep, first));
    }
  }
  return {};
}

}  // namespace fathom
