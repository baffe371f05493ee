// What a policy knows beside the cache, as bytes to be kept with it: lists of numbers one after the
// other, each after its length as 64 bits, little-endian.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "fathom/base/result.h"

namespace fathom {

template <class T>
void put_numbers(std::string& bytes, std::span<const T> numbers) {
  static_assert(std::is_arithmetic_v<T>);
  const uint64_t count = numbers.size();
  bytes.append(reinterpret_cast<const char*>(&count), sizeof count);
  bytes.append(reinterpret_cast<const char*>(numbers.data()), numbers.size_bytes());
}

class StatisticsReader {
 public:
  explicit StatisticsReader(std::string_view bytes) : bytes_(bytes) {}

  // The next list. Error: less is left.
  template <class T>
  Result<std::vector<T>> numbers() {
    static_assert(std::is_arithmetic_v<T>);
    const Error cut{"the policy's statistics are cut off"};
    uint64_t count = 0;
    if (bytes_.size() < sizeof count) return cut;
    bytes_.copy(reinterpret_cast<char*>(&count), sizeof count);
    bytes_.remove_prefix(sizeof count);
    if (count > bytes_.size() / sizeof(T)) return cut;
    std::vector<T> numbers(count);
    bytes_.copy(reinterpret_cast<char*>(numbers.data()), count * sizeof(T));
    bytes_.remove_prefix(count * sizeof(T));
    return numbers;
  }

  bool at_end() const { return bytes_.empty(); }

 private:
  std::string_view bytes_;
};

}  // namespace fathom
