// Which of a layer's tokens are kept: the best by their scores, within a budget that its KV heads
// share.
//
// In order of merit: a head's `recent` newest, the newest first; then by score, higher first; of
// equal scores the newer; of equals the lower head. What is not a number is worth least.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace fathom {

// Kept slots of each head, ascending. `scores`: of each head, by slot. Each head keeps the best of
// its own, `even_part` of `budget` rounded down; what is left of heads * budget goes to the best of
// all heads. So heads of `budget` tokens each keep heads * budget in all; 1 for `even_part` shares
// evenly. (Ada-KV, Feng et al. 2024, arXiv:2407.11550, algorithm 1, where the floor is mixed in
// afterwards and counts are off by rounding.)
std::vector<std::vector<uint32_t>> select_slots(std::span<const std::vector<float>> scores,
                                                size_t recent, size_t budget, double even_part);

}  // namespace fathom
