#include "fathom/kernels/key_scores.h"

#include <cassert>
#include <numbers>

#include "fathom/base/buffer.h"
#include "fathom/kernels/key_scores_kernel.h"

namespace fathom {
namespace {

// An operand's kernel on each instruction set.
struct Kernels {
  KeyScoresKernel bf16;
  KeyScoresKernel f32;
  KeyScoresKernel int8;  // null: the ISA does not multiply bytes
};

Kernels kernels(Isa isa) {
  switch (isa) {
#if defined(__x86_64__)
    case Isa::avx2:
      return {key_scores_avx2_bf16, key_scores_avx2_f32, nullptr};
    case Isa::avx2vnni:
      return {key_scores_avx2_bf16, key_scores_avx2_f32, key_scores_avx2vnni_int8};
    case Isa::avx512:
      return {key_scores_avx512_bf16, key_scores_avx512_f32, nullptr};
    case Isa::avx512bf16:
      return {key_scores_avx512bf16_bf16, key_scores_avx512bf16_f32, key_scores_avx512bf16_int8};
#elif defined(__aarch64__)
    case Isa::neon:
      return {key_scores_neon_bf16, key_scores_neon_f32, nullptr};
#endif
    default:
      return {key_scores_portable_bf16, key_scores_portable_f32, key_scores_portable_int8};
  }
}

KeyScoresKernel kernel_for(Isa isa, Operand operand) {
  const Kernels of_isa = kernels(isa);
  if (operand == Operand::bf16) return of_isa.bf16;
  if (operand == Operand::f32) return of_isa.f32;
  assert(of_isa.int8 != nullptr);
  return of_isa.int8;
}

void run(Isa isa, const KeyScoresArgs& args, float scale, const size_t* visible,
         Matrix<float> out) {
  const size_t dim = args.queries.cols;
  assert(dim % 16 == 0 && dim > 0 && dim <= 256 && out.rows == args.queries.rows);
  static thread_local Buffer<float> scratch;
  scratch.ensure(key_scores_scratch_floats(args.queries.rows, dim, args.coded != nullptr));
  kernel_for(isa, args.operand)({.queries = args.queries.data,
                                 .query_stride = args.queries.stride,
                                 .rows = args.queries.rows,
                                 .head_dim = dim,
                                 .scale = scale,
                                 .key_blocks = args.key_blocks,
                                 .blocks = args.blocks,
                                 .coded = args.coded,
                                 .key_type = args.key_type,
                                 .visible = visible,
                                 .out = out.data,
                                 .out_stride = out.stride,
                                 .scratch = scratch.data()});
}

}  // namespace

void key_scores(Isa isa, const KeyScoresArgs& args, Matrix<float> out) {
  assert(out.cols == args.blocks * kBlock);
  run(isa, args, args.scale, nullptr, out);
}

void block_masses(Isa isa, const KeyScoresArgs& args, std::span<const size_t> visible,
                  Matrix<float> out) {
  assert(out.cols == args.blocks && visible.size() == args.queries.rows);
  if (args.queries.rows == 0) return;
  run(isa, args, args.scale * std::numbers::log2e_v<float>, visible.data(), out);
}

}  // namespace fathom
