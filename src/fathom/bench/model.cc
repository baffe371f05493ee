#include "fathom/bench/model.h"

#include <algorithm>
#include <limits>

#include "fathom/base/stopwatch.h"
#include "fathom/bench/ceilings.h"
#include "fathom/bench/model_cost.h"
#include "fathom/bench/peak_memory.h"
#include "fathom/bench/sequence.h"

namespace fathom {
namespace {

constexpr auto kPrefill = static_cast<double>(kPrefillTokens);

struct Times {
  double prefill_s = std::numeric_limits<double>::infinity();
  double decode_s = std::numeric_limits<double>::infinity();  // a token
  double cache_bytes = 0;
  double peak_bytes = 0;
};

Result<double> seconds_of(Sequence& sequence, size_t steps, size_t tokens) {
  const Stopwatch watch;
  for (size_t i = 0; i < steps; ++i) FATHOM_CHECK(sequence.read(tokens));
  return watch.seconds();
}

Result<Times> measure(const Engine& engine, const Compute& compute, const ModelBench& bench,
                      const HeadPatterns& heads, size_t depth) {
  reset_peak_memory();
  Sequence sequence(compute, engine.model(), heads, bench.kv,
                    depth + kPrefillTokens + kDecodeTokens);
  FATHOM_CHECK(sequence.read(kPrefillTokens));  // brings the weights into memory
  sequence.truncate(0);
  FATHOM_CHECK(bench.fill == Fill::read ? sequence.read(depth) : sequence.fill(depth));
  Times best;
  for (size_t round = 0; round < bench.rounds; ++round) {
    FATHOM_TRY(const double prefill_s, seconds_of(sequence, 1, kPrefillTokens));
    best.cache_bytes = static_cast<double>(sequence.cache_bytes());
    sequence.truncate(depth);
    FATHOM_TRY(const double decode_s, seconds_of(sequence, kDecodeTokens, 1));
    sequence.truncate(depth);
    best.prefill_s = std::min(best.prefill_s, prefill_s);
    best.decode_s = std::min(best.decode_s, decode_s / static_cast<double>(kDecodeTokens));
  }
  best.peak_bytes = static_cast<double>(peak_memory());
  return best;
}

Figure figure_at(std::string name, const std::string& program, size_t depth) {
  Figure figure;
  figure.name = std::move(name);
  figure.at = {{"program", program}, {"depth", depth}};
  return figure;
}

Figure prefill_figure(const std::string& program, size_t depth, double seconds) {
  Figure figure = figure_at("prefill", program, depth);
  figure.value = kPrefill / seconds;
  figure.unit = "tokens/s";
  figure.more = {{"ms", seconds * 1e3}};
  return figure;
}

Figure decode_figure(const std::string& program, size_t depth, double seconds) {
  Figure figure = figure_at("decode", program, depth);
  figure.value = seconds * 1e3;
  figure.unit = "ms/token";
  return figure;
}

// Seconds that no program in f32 or bf16 on this machine could go below.
struct Floor {
  double attention_s = 0, projections_s = 0;  // of a prefill
  double decode_s = 0;
};

Floor floor_at(const Engine& engine, const KvFormat& format, const ModelCost& cost,
               Ceilings& ceilings, size_t depth) {
  const double peak =
      ceilings.peak(engine.precision() == Precision::f32 ? Arithmetic::f32 : Arithmetic::bf16);
  const double decode_bytes = cost.weight_bytes() + cost.cache_bytes(format, depth);
  return {.attention_s = cost.attention_flops(depth, kPrefillTokens) / peak,
          .projections_s = cost.projection_flops(kPrefillTokens) / peak,
          .decode_s = decode_bytes / ceilings.memory()};
}

void tell(const Engine& engine, size_t depth, const Times& times, const Floor& floor,
          const FigureFn& each) {
  Figure prefill = prefill_figure("fathom", depth, times.prefill_s);
  set_ceiling(prefill, kPrefill / (floor.attention_s + floor.projections_s), "floor");
  prefill.more["floor_attention_ms"] = floor.attention_s * 1e3;
  prefill.more["floor_projections_ms"] = floor.projections_s * 1e3;
  each(prefill);

  Figure decode = decode_figure("fathom", depth, times.decode_s);
  decode.ceiling = floor.decode_s * 1e3;
  decode.of = "floor";
  decode.fraction = floor.decode_s / times.decode_s;
  each(decode);

  const auto weights = static_cast<double>(engine.model().file.file_bytes());
  Figure memory = figure_at("memory", "fathom", depth);
  memory.value = times.peak_bytes * 1e-6;
  memory.unit = "MB";
  memory.more = {{"weights_mb", weights * 1e-6},
                 {"cache_mb", times.cache_bytes * 1e-6},
                 {"rest_mb", (times.peak_bytes - weights - times.cache_bytes) * 1e-6}};
  each(memory);
}

void tell(const Rival& rival, size_t depth, const RivalTimes& theirs, const Times& ours,
          const FigureFn& each) {
  const auto finish = [&](Figure figure, const std::string& with, double times_as_fast) {
    figure.more["fathom_is_faster"] = times_as_fast;
    figure.more["with"] = with;
    figure.more["build"] = theirs.build;
    figure.note = theirs.note;
    each(figure);
  };
  finish(prefill_figure(rival.name(), depth, theirs.prefill_s), theirs.prefill_with,
         theirs.prefill_s / ours.prefill_s);
  finish(decode_figure(rival.name(), depth, theirs.decode_s), theirs.decode_with,
         theirs.decode_s / ours.decode_s);
}

}  // namespace

std::string_view name(Fill fill) { return fill == Fill::random ? "random" : "read"; }

Status bench_model(const Engine& engine, const ModelBench& bench, const FigureFn& each) {
  const Model& model = engine.model();
  FATHOM_TRY(const HeadPatterns heads, patterns_of(model.spec, bench.attention));
  FATHOM_TRY(const Compute compute, compute_for(engine.compute(), bench.kv));
  const KvFormat format = format_of(compute, bench.kv);
  const ModelCost cost(model, heads);
  Ceilings ceilings({.compute = engine.compute(), .seconds = bench.seconds});
  RivalSettings settings = bench.rival;
  settings.threads = engine.threads();
  settings.rounds = bench.rounds;
  for (const size_t depth : bench.depths) {
    floor_at(engine, format, cost, ceilings,
             depth);  // before and after: the better of the two counts
    FATHOM_TRY(const Times times, measure(engine, compute, bench, heads, depth));
    tell(engine, depth, times, floor_at(engine, format, cost, ceilings, depth), each);
    for (const Rival& rival : bench.rivals) {
      FATHOM_TRY(const RivalTimes theirs, rival.measure(settings, model.file.path(), depth));
      tell(rival, depth, theirs, times, each);
    }
  }
  return {};
}

}  // namespace fathom
