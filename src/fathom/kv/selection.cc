#include "fathom/kv/selection.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

namespace fathom {
namespace {

struct Candidate {
  float score = 0;
  size_t age = 0;  // in slots: 0 is a head's newest
  size_t head = 0;
  bool is_recent = false;
};

bool is_better(const Candidate& a, const Candidate& b) {
  if (a.is_recent != b.is_recent) return a.is_recent;
  if (!a.is_recent && a.score != b.score) return a.score > b.score;
  return std::tie(a.age, a.head) < std::tie(b.age, b.head);
}

std::vector<Candidate> candidates_of(std::span<const float> scores, size_t head, size_t recent) {
  std::vector<Candidate> list;
  list.reserve(scores.size());
  for (size_t slot = 0; slot < scores.size(); ++slot) {
    const size_t age = scores.size() - 1 - slot;
    const float score =
        std::isnan(scores[slot]) ? -std::numeric_limits<float>::infinity() : scores[slot];
    list.push_back({.score = score, .age = age, .head = head, .is_recent = age < recent});
  }
  return list;
}

// Moves the best `count` to the front.
size_t partition_best(std::vector<Candidate>& list, size_t count) {
  count = std::min(count, list.size());
  std::ranges::nth_element(list, list.begin() + static_cast<ptrdiff_t>(count), is_better);
  return count;
}

}  // namespace

std::vector<std::vector<uint32_t>> select_slots(std::span<const std::vector<float>> scores,
                                                size_t recent, size_t budget, double even_part) {
  const auto floor = static_cast<size_t>(even_part * static_cast<double>(budget));
  size_t left = scores.size() * budget;
  std::vector<std::vector<uint32_t>> kept(scores.size());
  const auto keep = [&](const Candidate& candidate) {
    kept[candidate.head].push_back(
        static_cast<uint32_t>(scores[candidate.head].size() - 1 - candidate.age));
  };
  std::vector<Candidate> rest;
  for (size_t head = 0; head < scores.size(); ++head) {
    std::vector<Candidate> own = candidates_of(scores[head], head, recent);
    const size_t sure = partition_best(own, floor);
    left -= sure;
    std::for_each_n(own.begin(), sure, keep);
    rest.insert(rest.end(), own.begin() + static_cast<ptrdiff_t>(sure), own.end());
  }
  if (even_part < 1) std::for_each_n(rest.begin(), partition_best(rest, left), keep);
  for (std::vector<uint32_t>& slots : kept) std::ranges::sort(slots);
  return kept;
}

}  // namespace fathom
