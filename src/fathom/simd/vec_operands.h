// The operands of a tile product (vec_common.h) that are made of f32 multiply-adds, over the lanes
// of any instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fathom/simd/vec_common.h"

namespace fathom {

// bf16 where there is no dot product of it: both halves of a lane are widened in turn, and what
// broadcasts is f32 that has been rounded.
template <class Lanes>
struct WidenedBf16 {
  using F = typename Lanes::F;
  using Left = float;
  using Right = uint16_t;
  static constexpr size_t kPack = 2;
  static constexpr int kParts = 2;
  static constexpr int kExp2Degree = 3;
  template <int kPart>
  FATHOM_INLINE F left(const Left* p) {
    return Lanes::set1(p[kPart]);
  }
  template <int kPart>
  FATHOM_INLINE F right(const Right* p) {
    return right_of<kPart>(Lanes::load_int(p));
  }
  template <int kPart>
  FATHOM_INLINE F right_of(typename Lanes::I pairs) {
    return Lanes::template widen_bf16<kPart>(pairs);
  }
  FATHOM_INLINE void store_pairs(Right* row, size_t, size_t column, F even, F odd) {
    Lanes::store_int(row + 2 * column, Lanes::join_bf16(even, odd));
  }
  FATHOM_INLINE F dot(F acc, F a, F b) { return Lanes::fma(a, b, acc); }
  FATHOM_INLINE F store_left(Left* p, F a, F b, F sum) {
    a = Lanes::round_bf16(a);
    b = Lanes::round_bf16(b);
    Lanes::store(p, a);
    Lanes::store(p + Lanes::kLanes, b);
    return Lanes::add(sum, Lanes::add(a, b));
  }
};

template <class Lanes>
struct Float32 {
  using F = typename Lanes::F;
  using Left = float;
  using Right = float;
  static constexpr size_t kPack = 1;
  static constexpr int kParts = 1;
  static constexpr int kExp2Degree = 5;
  template <int kPart>
  FATHOM_INLINE F left(const Left* p) {
    return Lanes::set1(*p);
  }
  template <int kPart>
  FATHOM_INLINE F right(const Right* p) {
    return Lanes::load(p);
  }
  FATHOM_INLINE void store_pairs(Right* row, size_t width, size_t column, F even, F odd) {
    Lanes::store(row + column, even);
    Lanes::store(row + width + column, odd);
  }
  FATHOM_INLINE F dot(F acc, F a, F b) { return Lanes::fma(a, b, acc); }
  FATHOM_INLINE F store_left(Left* p, F a, F b, F sum) {
    Lanes::store(p, a);
    Lanes::store(p + Lanes::kLanes, b);
    return Lanes::add(sum, Lanes::add(a, b));
  }
};

}  // namespace fathom
