#include "fathom/bench/ceilings.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "fathom/base/buffer.h"
#include "fathom/base/stopwatch.h"
#include "fathom/bench/ceilings_kernels.h"
#include "fathom/bench/shortest.h"

namespace fathom {
namespace {

const CeilingKernels& kernels_for(Isa isa) {
  switch (isa) {
#if defined(__x86_64__)
    case Isa::avx2:
      return kCeilingsAvx2;
    case Isa::avx2vnni:
      return kCeilingsAvx2Vnni;
    case Isa::avx512:
      return kCeilingsAvx512;
    case Isa::avx512bf16:
      return kCeilingsAvx512Bf16;
#elif defined(__aarch64__)
    case Isa::neon:
      return kCeilingsNeon;
#endif
    default:
      return kCeilingsPortable;
  }
}

std::string cache_file(size_t cpu, int index, const char* name) {
  return "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/cache/index" +
         std::to_string(index) + "/" + name;
}

// "48K" as bytes; none where there is no such cache.
std::optional<size_t> cache_bytes(size_t cpu, int index) {
  size_t kibibytes = 0;
  if (!(std::ifstream(cache_file(cpu, index, "size")) >> kibibytes)) return std::nullopt;
  return kibibytes << 10;
}

constexpr int kIndexL1 = 0, kIndexL2 = 2, kIndexL3 = 3;  // 1 holds instructions

// Seconds of the shortest try in which every thread reads its own `bytes` `passes` times.
double read_seconds(const BenchRun& run, size_t bytes, size_t passes) {
  ThreadPool& pool = *run.compute.pool;
  const size_t floats = bytes / sizeof(float);
  Buffer<float> memory(floats * pool.size());
  const auto share = [&](size_t task) { return memory.data() + task * floats; };
  pool.run(pool.size(), [&](size_t task, size_t) { std::fill_n(share(task), floats, 1.0f); });
  const auto read = kernels_for(run.compute.isa).read;
  std::vector<float> sums(pool.size());
  return shortest_seconds(run.seconds, [&] {
    pool.run(pool.size(),
             [&](size_t task, size_t) { sums[task] = read(share(task), floats, passes); });
  });
}

using SpinFn = decltype(CeilingKernels::spin_f32);

SpinFn spin_of(Isa isa, Arithmetic arithmetic) {
  const CeilingKernels& kernels = kernels_for(isa);
  switch (arithmetic) {
    case Arithmetic::f32:
      return kernels.spin_f32;
    case Arithmetic::bf16:
      return kernels.spin_bf16;
    case Arithmetic::int8:
      return kernels.spin_int8;
  }
  return nullptr;
}

constexpr size_t kMillisecond = size_t{1} << 17;  // rounds that take about one

// Operations of all threads together.
double spin_all(const BenchRun& run, SpinFn spin, size_t rounds) {
  std::vector<double> operations(run.compute.pool->size());
  run.compute.pool->run(operations.size(),
                        [&](size_t task, size_t) { operations[task] = spin(rounds); });
  return std::accumulate(operations.begin(), operations.end(), 0.0);
}

}  // namespace

std::string_view name(Arithmetic arithmetic) {
  constexpr std::string_view kNames[] = {"f32", "bf16", "int8"};
  return kNames[static_cast<size_t>(arithmetic)];
}

std::optional<double> peak_rate(const BenchRun& run, Arithmetic arithmetic) {
  const SpinFn spin = spin_of(run.compute.isa, arithmetic);
  if (spin == nullptr) return std::nullopt;
  double operations = 0;
  const double seconds =
      shortest_seconds(run.seconds, [&] { operations = spin_all(run, spin, kMillisecond); });
  return operations / seconds;
}

CacheSizes cache_sizes() {
  CacheSizes sizes;
  sizes.l1 = cache_bytes(0, kIndexL1).value_or(sizes.l1);
  sizes.l2 = cache_bytes(0, kIndexL2).value_or(sizes.l2);
  size_t l3 = 0;
  for (size_t cpu = 0;; ++cpu) {
    const std::optional<size_t> bytes = cache_bytes(cpu, kIndexL3);
    if (!bytes) break;
    size_t first = 0;  // of the CPUs that share this cache, which is counted for that one alone
    if (std::ifstream(cache_file(cpu, kIndexL3, "shared_cpu_list")) >> first && first == cpu)
      l3 += *bytes;
  }
  if (l3 > 0) sizes.l3 = l3;
  return sizes;
}

double read_bandwidth(const BenchRun& run, size_t bytes) {
  constexpr size_t kLeastRead = size_t{1} << 24;  // else starting the threads takes the time
  const size_t passes = (kLeastRead + bytes - 1) / bytes;
  const auto read = static_cast<double>(bytes * passes * run.compute.pool->size());
  return read / read_seconds(run, bytes, passes);
}

size_t memory_bytes() { return std::max(size_t{128} << 20, 8 * cache_sizes().l3); }

double Ceilings::peak(Arithmetic arithmetic) {
  double& best = peaks_[static_cast<size_t>(arithmetic)];
  return best = std::max(best, peak_rate(run_, arithmetic).value_or(0));
}

Ceilings::Beside Ceilings::beside(Arithmetic arithmetic, const std::function<void()>& work) const {
  const SpinFn spin = spin_of(run_.compute.isa, arithmetic);
  Beside best{std::numeric_limits<double>::infinity(), 0};
  const Stopwatch all;
  for (int i = 0; i < 3 || all.seconds() < 2 * run_.seconds; ++i) {
    const Stopwatch one;
    work();
    best.seconds = std::min(best.seconds, one.seconds());
    if (spin == nullptr) continue;
    const auto rounds = static_cast<size_t>(std::max(best.seconds * 1e3, 1.0) * kMillisecond);
    const Stopwatch other;
    const double operations = spin_all(run_, spin, rounds);
    best.peak = std::max(best.peak, operations / other.seconds());
  }
  return best;
}

double Ceilings::memory() {
  const double rate = read_bandwidth(run_, memory_bytes() / run_.compute.pool->size());
  return memory_ = std::max(memory_, rate);
}

}  // namespace fathom
