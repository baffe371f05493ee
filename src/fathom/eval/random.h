// Random draws that are the same on every machine and with every standard library.
//
// std::mt19937_64's numbers are fixed by the standard; what std::uniform_int_distribution and
// std::shuffle make of them is not, so samples that anyone can make again draw by these.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace fathom {

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}

  uint64_t bits() { return engine_(); }

  // One of 0, ..., count - 1, each as likely; count > 0.
  size_t below(size_t count);

  // One of some choices; there is one at least.
  template <class Choices>
  const auto& one_of(const Choices& choices) {
    return choices[below(choices.size())];
  }

  // Fisher and Yates's.
  template <class T>
  void shuffle(std::vector<T>& items) {
    for (size_t left = items.size(); left > 1; --left)
      std::swap(items[left - 1], items[below(left)]);
  }

  // `count` different numbers below `end`, in random order; count <= end.
  std::vector<size_t> distinct(size_t count, size_t end);

  // Letters of an alphabet.
  std::string letters(size_t count, char first, char last);

  // RFC 4122's random kind (version 4): "1b4e28ba-2fa1-41d2-883f-0016d3cca427".
  std::string uuid();

 private:
  std::mt19937_64 engine_;
};

}  // namespace fathom
