// What the vec_*.h files, the SIMD vocabulary, have in common.
//
// Every vec_*.h offers the same names, so that a kernel is one template over Vec, compiled once per
// instruction set:
//
//   Vec::F, kLanes             a vector of f32 and its length
//   zero set1 load store       memory need not be aligned
//   add sub mul fma max        fma(a, b, c) = a * b + c
//   mul_from fma_from          as mul and fma, with b in memory
//   times_power(s, e, p)       load(p) * 2^e, where s = 2^e
//   reduce_add reduce_max      over the lanes
//   exchange<distance>(x)      lane i takes lane i ^ distance's value; a power of two below kLanes
//   exp2<degree>(x)            2^x for -1e30 <= x <= 127, 0 far below; about as exact as a
//                              polynomial of that degree, 3 or 5
//   round_bf16(x)              to the nearest bf16, ties to even, kept as f32
//   Mask, greater, any         comparison per lane; masks combine with |
//   widen_bf16<part>(x)        the low (0) or high (1) halves of x's lanes, bf16, as f32
//   widen_f16<part>(x)         the same of f16
//   join_bf16(a, b)            lanes of two bf16, a's in the low halves; rounded as by round_bf16
//   code_pairs<bits, row>(p)   the halves of the lanes at p, shifted right by bits * row, their
//   lowest
//                              4 or 7 bits: as bf16, 128 + code (kernels/coded_layout.h)
//   select(bits, a, b)         bit i of `bits` chooses a's lane i, else b's
//   kTileRows, kTileVectors    the register tile (kernels/tile.h): rows x vectors of accumulators
//   kOverlap                   whether weights are made between a product's steps (attend_impl.h)
//   I                          a vector of as many int32, or twice as many int16
//   zero_int load_int store_int add_int to_float
//   round_to_int(x)            to the nearest, ties to even; |x| < 2^22
//   splat_int(p)               the four bytes at p in every lane
//   store_int16                the low bits of every lane
//   dot_pairs(acc, a, b)       acc + the sum of two products of int16s
//   kDotBytes                  whether there are dot products of bytes, and then store_int8 and
//   dot_bytes(acc, u, s)       acc + the sum of four products: u's bytes, unsigned, by s's, signed
//
// and the operands of a tile product, Vec::Bf16 and Vec::F32 (vec_operands.h):
//
//   Right, kPack               an element of a panel (kernels/panel.h)
//   Left                       an element of the left operand's rows, in the form that broadcasts
//                              fastest: bf16 where there is a bf16 dot product, else an f32 that
//                              has been rounded to bf16
//   kParts                     fused steps per pack; left<part>() and right<part>() feed dot()
//   right_of<part>(x)          right<part>() of pairs of bf16 that are in x already
//   store_pairs(row, w, c, a, b)  stores column c's and the next lanes' elements of two adjacent
//                              depths in a panel w wide, at the first of which `row` is
//   store_left(p, a, b, sum)   rounds a and b, stores them as 2 * kLanes Left elements, and returns
//                              sum + what was stored, spread over the lanes in any order
#pragma once

// Inlined even without optimisation: no symbol compiled for one instruction set may serve another.
#define FATHOM_INLINE [[gnu::always_inline]] static inline

namespace fathom {

// Two codes that lie in the halves of a word, 4 bits each or 7 of 8, and what makes each the bf16
// of 128 + code: the exponent, above seven bits of fraction.
FATHOM_INLINE constexpr int code_mask(int bits) { return bits == 4 ? 0x000f000f : 0x007f007f; }
inline constexpr int kCodeExponent = 0x43004300;

// 2^f for f in [0, 1) as a polynomial: the minimax coefficients, in relative error, by Remez'
// exchange algorithm. Degree 5 (error 7.5e-8) serves f32; degree 3 (7.5e-5, a fiftieth of bf16's
// rounding step) serves weights that are rounded to bf16 right after. (AVX-512 looks the latter
// up.)
template <int kDegree>
inline constexpr float kExp2Polynomial[kDegree + 1] = {};

template <>
inline constexpr float kExp2Polynomial<3>[4] = {0.999925219f, 0.695833541f, 0.226067155f,
                                                0.0780245227f};
template <>
inline constexpr float kExp2Polynomial<5>[6] = {0.999999925f,  0.693153073f,   0.240153617f,
                                                0.0558263181f, 0.00898934009f, 0.00187757667f};

}  // namespace fathom
