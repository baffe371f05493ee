// One thread's share of each ceiling, per instruction set.
#pragma once

#include <cstddef>

namespace fathom {

struct CeilingKernels {
  // Returns the operations done.
  double (*spin_f32)(size_t rounds);
  double (*spin_bf16)(size_t rounds);
  double (*spin_int8)(size_t rounds);  // null: the ISA has no such product
  // Reads all of it `passes` times. A sum, so that the reads are not dropped.
  float (*read)(const float* data, size_t count, size_t passes);
};

extern const CeilingKernels kCeilingsPortable;
extern const CeilingKernels kCeilingsAvx2;
extern const CeilingKernels kCeilingsAvx2Vnni;
extern const CeilingKernels kCeilingsAvx512;
extern const CeilingKernels kCeilingsAvx512Bf16;
extern const CeilingKernels kCeilingsNeon;

}  // namespace fathom
