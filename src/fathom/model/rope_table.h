// The frequencies of a layer's RoPE under a scaling, by the papers' formulas.
//
// With d elements that turn, base b, original context L0 and factor s, pair i of d / 2 has the
// frequency f_i = b^(-2i / d) radians per position. What becomes of it:
//
//   linear    f_i / s
//   ntk       b becomes b s^(d / (d - 2)): the fastest pair stays, the slowest is divided by s
//   yarn      r f_i / s + (1 - r) f_i, r = clamp((i - low) / (high - low), 0, 1) between the pairs
//             that turn beta_fast times (low, rounded down) and beta_slow times (high, rounded up)
//             within L0: c(beta) = d ln(L0 / (2 pi beta)) / (2 ln b), both within [0, d - 1].
//             cos and sin are multiplied by attn_factor (0.1 ln s + 1).
//   llama3    f_i / s where L0 / wavelength < low; f_i where > high; between, a linear mix
//   longrope  f_i / long_i, or short_i; cos and sin are multiplied by attn_factor
#pragma once

#include "fathom/kernels/rope.h"
#include "fathom/model/rope_facts.h"

namespace fathom {

// `scaling` leaves nothing open that its kind needs, and is neither automatic nor dynamic_ntk; of
// longrope the long factors count.
RopeSpec rope_table(const RopeFacts& facts, const RopeScaling& scaling);

// By how much dynamic_ntk(factor) of a context scales, as ntk does (transformers' "dynamic"):
// factor context / original - (factor - 1); 1 up to the original context.
double dynamic_ntk_factor(double factor, double context, double original);

// LongRoPE's, section 3.4: sqrt(1 + ln(s) / ln(original)), s how many times the original context.
double longrope_attn_factor(double context, double original);

}  // namespace fathom
