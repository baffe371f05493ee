#include "fathom/bench/ceilings.h"

#include <gtest/gtest.h>

namespace fathom {
namespace {

BenchRun quick(ThreadPool& pool, Isa isa) {
  BenchRun run;
  run.compute.isa = isa;
  run.compute.pool = &pool;
  run.seconds = 0;
  return run;
}

TEST(Ceilings, EveryIsaOfTheMachineHasThem) {
  ThreadPool pool(2);
  for (const Isa isa : supported_isas()) {
    SCOPED_TRACE(std::string(name(isa)));
    const BenchRun run = quick(pool, isa);
    EXPECT_GT(peak_rate(run, Arithmetic::f32).value_or(0), 1e6);
    EXPECT_GT(peak_rate(run, Arithmetic::bf16).value_or(0), 1e6);
    const bool has_byte_product = multiplies_bytes(isa) && isa != Isa::portable;
    EXPECT_EQ(peak_rate(run, Arithmetic::int8).has_value(), has_byte_product);
    EXPECT_GT(read_bandwidth(run, size_t{16} << 10), 1e6);
  }
}

TEST(Ceilings, TheBestSoFarIsTold) {
  ThreadPool pool(1);
  Ceilings ceilings(quick(pool, Isa::portable));
  double last = 0;
  for (int i = 0; i < 3; ++i) {
    const double peak = ceilings.peak(Arithmetic::f32);
    EXPECT_GE(peak, last);
    last = peak;
  }
}

TEST(Ceilings, WorkIsTriedInTurnsWithAPeak) {
  ThreadPool pool(1);
  const Ceilings ceilings(quick(pool, Isa::portable));
  int calls = 0;
  const auto beside = ceilings.beside(Arithmetic::f32, [&] { ++calls; });
  EXPECT_GE(calls, 3);
  EXPECT_GE(beside.seconds, 0);
  EXPECT_LT(beside.seconds, 0.1);
  EXPECT_GT(beside.peak, 1e6);
  EXPECT_EQ(ceilings.beside(Arithmetic::int8, [] {}).peak, 0);
}

TEST(Ceilings, CachesGrowFromLevelToLevel) {
  const CacheSizes sizes = cache_sizes();
  EXPECT_GE(sizes.l1, size_t{4} << 10);
  EXPECT_GT(sizes.l2, sizes.l1);
  EXPECT_GE(memory_bytes(), 4 * sizes.l3);
}

}  // namespace
}  // namespace fathom
