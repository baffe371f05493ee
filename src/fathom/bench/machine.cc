#include "fathom/bench/machine.h"

#include <algorithm>
#include <string>

namespace fathom {
namespace {

Figure figure_on(const BenchRun& run, std::string name, std::string unit) {
  Figure figure;
  figure.name = std::move(name);
  figure.at = {{"threads", run.compute.pool->size()}};
  figure.unit = std::move(unit);
  return figure;
}

Figure peak(const BenchRun& run, Arithmetic arithmetic) {
  Figure figure = figure_on(run, std::string(name(arithmetic)) + " peak",
                            arithmetic == Arithmetic::int8 ? "GOP/s" : "GFLOP/s");
  if (const auto rate = peak_rate(run, arithmetic))
    figure.value = *rate * 1e-9;
  else
    figure.note = "no int8 dot product in " + std::string(name(run.compute.isa));
  return figure;
}

Figure bandwidth(const BenchRun& run, const std::string& of, size_t bytes) {
  Figure figure = figure_on(run, "read from " + of, "GB/s");
  figure.value = read_bandwidth(run, bytes) * 1e-9;
  figure.more = {{"kib_per_thread", bytes >> 10}};
  return figure;
}

void measure(const BenchRun& run, const FigureFn& each) {
  for (const Arithmetic arithmetic : {Arithmetic::f32, Arithmetic::bf16, Arithmetic::int8})
    each(peak(run, arithmetic));
  // Parts of each cache, so that what else lies there does not push them out.
  const CacheSizes sizes = cache_sizes();
  const size_t threads = run.compute.pool->size();
  const auto read = [&](const char* of, size_t bytes) { each(bandwidth(run, of, bytes)); };
  read("L1", sizes.l1 / 3);
  read("L2", sizes.l2 / 2);
  const size_t l3 = std::min(size_t{8} << 20, sizes.l3 / 2 / threads);
  if (l3 > sizes.l2) read("L3", l3);
  read("memory", memory_bytes() / threads);
}

}  // namespace

void bench_machine(const BenchRun& run, const FigureFn& each) {
  ThreadPool one(1);
  BenchRun on_one = run;
  on_one.compute.pool = &one;
  measure(on_one, each);
  if (run.compute.pool->size() > 1) measure(run, each);
}

}  // namespace fathom
