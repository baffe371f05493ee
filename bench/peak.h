// The machine's ceilings, measured in the run that reports a share of them.
#pragma once

#include "fathom/kernels/compute.h"

namespace fathom {

// Multiply-add rate of all threads out of registers, in FLOP/s, of the instruction that the ISA's
// products with this operand are made of.
double peak_flops(const Compute& compute);

// All L3 caches that this machine's CPUs reach, in bytes, as Linux tells (sysconf() tells those of
// the whole package, also to a virtual machine that holds two of its cores); else 32 MiB.
size_t cache_bytes();

// Rate at which all threads read memory at least four times as large as those, in bytes/s.
double read_bandwidth(const Compute& compute);

// One thread's share of each, per instruction set. `spin_*` returns the operations done.
struct PeakKernels {
  double (*spin_bf16)(size_t rounds);
  double (*spin_f32)(size_t rounds);
  float (*read)(const float* data, size_t count);  // a sum, so that the reads are not dropped
};
extern const PeakKernels kPeakPortable;
extern const PeakKernels kPeakAvx2;
extern const PeakKernels kPeakAvx512;
extern const PeakKernels kPeakAvx512Bf16;

}  // namespace fathom
