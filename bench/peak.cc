#include "peak.h"

#include <algorithm>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include "fathom/base/buffer.h"
#include "shortest.h"

namespace fathom {
namespace {

// Many short tries: on a shared machine, one of them runs undisturbed.
constexpr double kSeconds = 0.3;

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

}  // namespace

double peak_flops(const Compute& compute) {
  constexpr size_t kRounds = size_t{1} << 18;
  const PeakKernels& kernels = kernels_for(compute.isa);
  const auto spin = compute.operand == Operand::bf16 ? kernels.spin_bf16 : kernels.spin_f32;
  std::vector<double> operations(compute.pool->size());
  const double seconds = shortest_seconds(kSeconds, [&] {
    compute.pool->run(operations.size(),
                      [&](size_t task, size_t) { operations[task] = spin(kRounds); });
  });
  return std::accumulate(operations.begin(), operations.end(), 0.0) / seconds;
}

size_t cache_bytes() {
  size_t total = 0;
  for (size_t cpu = 0;; ++cpu) {
    const std::string l3 = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/cache/index3/";
    size_t kibibytes = 0;
    size_t first = 0;  // of the CPUs that share this cache, which is counted for that one alone
    if (!(std::ifstream(l3 + "size") >> kibibytes)) break;
    if (std::ifstream(l3 + "shared_cpu_list") >> first && first == cpu) total += kibibytes << 10;
  }
  return total > 0 ? total : size_t{32} << 20;
}

double read_bandwidth(const Compute& compute) {
  const size_t floats = std::max(size_t{128} << 20, 4 * cache_bytes()) / sizeof(float);
  Buffer<float> memory(floats);
  std::fill_n(memory.data(), floats, 1.0f);
  const PeakKernels& kernels = kernels_for(compute.isa);
  const size_t share = floats / compute.pool->size();
  std::vector<float> sums(compute.pool->size());
  const double seconds = shortest_seconds(kSeconds, [&] {
    compute.pool->run(sums.size(), [&](size_t task, size_t) {
      sums[task] = kernels.read(memory.data() + task * share, share);
    });
  });
  return static_cast<double>(share * sums.size() * sizeof(float)) / seconds;
}

}  // namespace fathom
