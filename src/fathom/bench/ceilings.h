// What this machine can do at most, measured in the run that reports fractions of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "fathom/kernels/compute.h"

namespace fathom {

// How a benchmark runs: on which machine, and how long each figure is tried. More and shorter tries
// find a shared machine at rest more often.
struct BenchRun {
  Compute compute;       // its pool, too
  double seconds = 0.3;  // a figure
};

enum class Arithmetic : uint8_t { f32, bf16, int8 };
std::string_view name(Arithmetic arithmetic);

// Multiply-adds out of registers on all threads, as two operations each, in operations/s, of the
// instruction that the ISA's products are made of. An ISA without a bf16 dot product multiplies in
// f32, and reaches that rate. None: an ISA without an int8 dot product.
std::optional<double> peak_rate(const BenchRun& run, Arithmetic arithmetic);

// Bytes; as Linux tells, since sysconf() tells a whole package's to a virtual machine that holds
// two of its cores. Where Linux does not: those of a common core.
struct CacheSizes {
  size_t l1 = size_t{32} << 10;  // data; a core's
  size_t l2 = size_t{1} << 20;   // a core's
  size_t l3 = size_t{32} << 20;  // all that the CPUs of this machine reach
};
CacheSizes cache_sizes();

// Rate at which all threads together read, each its own `bytes` again and again, in bytes/s.
double read_bandwidth(const BenchRun& run, size_t bytes);

// Of so many bytes in all, hardly any stay in the caches between two readings. (Of twice the L3, a
// quarter did.)
size_t memory_bytes();

// The ceilings as a run learns them: measured anew at each call, and the best so far is told, since
// other programs only ever slow this one.
class Ceilings {
 public:
  explicit Ceilings(const BenchRun& run) : run_(run) {}

  double peak(Arithmetic arithmetic);  // operations/s; 0 where peak_rate() has none
  double memory();                     // bytes/s

  // The shortest of many tries of `work`, and the best rate of as many tries of a peak that last as
  // long, taken in turns. A core is 3 to 5 % faster for a millisecond than for a tenth of a second,
  // and from one second to the next.
  struct Beside {
    double seconds;  // of the work
    double peak;     // operations/s; 0 where peak_rate() has none
  };
  Beside beside(Arithmetic arithmetic, const std::function<void()>& work) const;

 private:
  BenchRun run_;
  std::array<double, 3> peaks_{};  // by arithmetic
  double memory_ = 0;
};

}  // namespace fathom
