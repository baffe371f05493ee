#include "fathom/kernels/rope.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace fathom {
namespace {

constexpr size_t kTokensPerTask = 16;
// Below this many elements a fork and join costs more than it saves.
constexpr size_t kParallelElements = 32768;

// (x[i], x[i + pairs]) of one head.
void rotate_halves(const float* __restrict cosines, const float* __restrict sines, size_t pairs,
                   float* __restrict first, float* __restrict second) {
  for (size_t i = 0; i < pairs; ++i) {
    const float a = first[i];
    const float b = second[i];
    first[i] = a * cosines[i] - b * sines[i];
    second[i] = a * sines[i] + b * cosines[i];
  }
}

// (x[2i], x[2i + 1]) of one head.
void rotate_adjacent(const float* __restrict cosines, const float* __restrict sines, size_t pairs,
                     float* __restrict head) {
  for (size_t i = 0; i < pairs; ++i) {
    const float a = head[2 * i];
    const float b = head[2 * i + 1];
    head[2 * i] = a * cosines[i] - b * sines[i];
    head[2 * i + 1] = a * sines[i] + b * cosines[i];
  }
}

}  // namespace

void RopeAngles::compute(const RopeSpec& spec, std::span<const Position> positions) {
  tokens_ = positions.size();
  pairs_ = spec.frequencies.size();
  cos_.ensure(tokens_ * pairs_);
  sin_.ensure(tokens_ * pairs_);
  size_t at = 0;
  for (const Position position : positions) {
    for (const double frequency : spec.frequencies) {
      const double angle = static_cast<double>(position.value) * frequency;
      cos_[at] = static_cast<float>(spec.magnitude * std::cos(angle));
      sin_[at] = static_cast<float>(spec.magnitude * std::sin(angle));
      ++at;
    }
  }
}

void rope(const Compute& compute, const RopeAngles& angles, RopePairing pairing, size_t head_dim,
          Matrix<float> x) {
  const size_t pairs = angles.pairs();
  assert(angles.tokens() == x.rows);
  assert(head_dim > 0 && x.cols % head_dim == 0 && 2 * pairs <= head_dim);
  const auto rotate_tokens = [&](size_t begin, size_t end) {
    for (size_t token = begin; token < end; ++token) {
      const float* const cosines = angles.cosines(token);
      const float* const sines = angles.sines(token);
      float* const row = x.row(token);
      for (float* head = row; head != row + x.cols; head += head_dim) {
        if (pairing == RopePairing::halves) {
          rotate_halves(cosines, sines, pairs, head, head + pairs);
        } else {
          rotate_adjacent(cosines, sines, pairs, head);
        }
      }
    }
  };
  if (x.rows * x.cols < kParallelElements) return rotate_tokens(0, x.rows);
  compute.pool->run((x.rows + kTokensPerTask - 1) / kTokensPerTask, [&](size_t task, size_t) {
    const size_t begin = task * kTokensPerTask;
    rotate_tokens(begin, std::min(begin + kTokensPerTask, x.rows));
  });
}

}  // namespace fathom
