#include "peak.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <numeric>
#include <vector>

#include "fathom/base/buffer.h"

namespace fathom {
namespace {

// Many short tries: on a shared machine, one of them runs undisturbed.
constexpr int kTries = 60;

const PeakKernels& kernels_for(Isa isa) {
  switch (isa) {
#if defined(__x86_64__)
    case Isa::avx2:
      return kPeakAvx2;
    case Isa::avx512:
      return kPeakAvx512;
    case Isa::avx512bf16:
      return kPeakAvx512Bf16;
#endif
    default:
      return kPeakPortable;
  }
}

// The shortest of some runs of a task on every thread, in seconds.
double shortest(ThreadPool& pool, const std::function<void(size_t task, size_t worker)>& task) {
  double best = 1e30;
  for (int i = 0; i < kTries; ++i) {
    const auto start = std::chrono::steady_clock::now();
    pool.run(pool.size(), task);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count());
  }
  return best;
}

}  // namespace

double peak_flops(const Compute& compute) {
  constexpr size_t kRounds = size_t{1} << 18;
  const PeakKernels& kernels = kernels_for(compute.isa);
  const auto spin = compute.operand == Operand::bf16 ? kernels.spin_bf16 : kernels.spin_f32;
  std::vector<double> operations(compute.pool->size());
  const double seconds =
      shortest(*compute.pool, [&](size_t task, size_t) { operations[task] = spin(kRounds); });
  return std::accumulate(operations.begin(), operations.end(), 0.0) / seconds;
}

double read_bandwidth(const Compute& compute) {
  constexpr size_t kFloats = size_t{32} << 20;  // 128 MiB
  Buffer<float> memory(kFloats);
  std::fill_n(memory.data(), kFloats, 1.0f);
  const PeakKernels& kernels = kernels_for(compute.isa);
  const size_t share = kFloats / compute.pool->size();
  std::vector<float> sums(compute.pool->size());
  const double seconds = shortest(*compute.pool, [&](size_t task, size_t) {
    sums[task] = kernels.read(memory.data() + task * share, share);
  });
  return static_cast<double>(kFloats * sizeof(float)) / seconds;
}

}  // namespace fathom
