// 2^f for f in [0, 1) as a polynomial: the minimax coefficients, in relative error, by Remez'
// exchange algorithm. Degree 5 (error 7.5e-8) serves f32; degree 3 (7.5e-5, a fiftieth of bf16's
// rounding step) serves weights that are rounded to bf16 right after.
#pragma once

namespace fathom {

template <int kDegree>
inline constexpr float kExp2Polynomial[kDegree + 1] = {};

template <>
inline constexpr float kExp2Polynomial<3>[4] = {0.999925219f, 0.695833541f, 0.226067155f,
                                                0.0780245227f};
template <>
inline constexpr float kExp2Polynomial<5>[6] = {0.999999925f,  0.693153073f,   0.240153617f,
                                                0.0558263181f, 0.00898934009f, 0.00187757667f};

}  // namespace fathom
