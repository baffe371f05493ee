#include "fathom/gguf/value_reader.h"

#include <algorithm>
#include <limits>
#include <type_traits>

namespace fathom::gguf {
namespace {

enum Type : uint32_t {
  kUint8 = 0,
  kInt8 = 1,
  kUint16 = 2,
  kInt16 = 3,
  kUint32 = 4,
  kInt32 = 5,
  kFloat32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kUint64 = 10,
  kInt64 = 11,
  kFloat64 = 12,
};

constexpr uint64_t kLargestInt64 = std::numeric_limits<int64_t>::max();

// Reads values of one key.
class ValueReader {
 public:
  ValueReader(Cursor& cursor, const std::string& key)
      : cursor_(cursor), what_("the value of " + key) {}

  Result<Value> value() {
    FATHOM_TRY(const auto type, cursor_.read<uint32_t>("the type of " + what_));
    return type == kArray ? array() : dispatch<Value>(type, [this](auto tag) { return one(tag); });
  }

 private:
  // What the file holds for one element of a string, and of a bool.
  struct Text {};
  struct Truth {};

  // Calls read(T{}) with the C++ type that stands for the file's type.
  template <class Out, class Read>
  Result<Out> dispatch(uint32_t type, const Read& read) {
    switch (type) {
      case kUint8:
        return read(uint8_t{});
      case kInt8:
        return read(int8_t{});
      case kUint16:
        return read(uint16_t{});
      case kInt16:
        return read(int16_t{});
      case kUint32:
        return read(uint32_t{});
      case kInt32:
        return read(int32_t{});
      case kFloat32:
        return read(float{});
      case kBool:
        return read(Truth{});
      case kString:
        return read(Text{});
      case kUint64:
        return read(uint64_t{});
      case kInt64:
        return read(int64_t{});
      case kFloat64:
        return read(double{});
      case kArray:
        return cursor_.error(what_ + " is an array of arrays, which no model needs");
      default:
        return cursor_.error(what_ + " has the unknown type " + std::to_string(type) +
                             "; types are 0 to 12");
    }
  }

  template <class T>
  Result<Value> one(T /*tag*/) {
    FATHOM_TRY(const T x, cursor_.read<T>(what_));
    if constexpr (std::is_floating_point_v<T>) {
      return Value(double{x});
    } else {
      if constexpr (std::is_same_v<T, uint64_t>)
        if (x > kLargestInt64) return Value(x);
      return Value(static_cast<int64_t>(x));
    }
  }

  Result<Value> one(Text /*tag*/) {
    FATHOM_TRY(const std::string_view text, cursor_.read_string(what_));
    return Value(text);
  }

  Result<Value> one(Truth /*tag*/) {
    FATHOM_TRY(const bool truth, read_truth());
    return Value(truth);
  }

  Result<bool> read_truth() {
    FATHOM_TRY(const auto byte, cursor_.read<uint8_t>(what_));
    if (byte > 1)
      return cursor_.error_at(
          cursor_.offset() - 1,
          what_ + " is the truth value " + std::to_string(byte) + "; valid are 0 and 1");
    return byte == 1;
  }

  Result<Value> array() {
    FATHOM_TRY(const auto type, cursor_.read<uint32_t>("the element type of " + what_));
    FATHOM_TRY(Array elements, dispatch<Array>(type, [this](auto tag) { return many(tag); }));
    return Value(std::move(elements));
  }

  template <class T>
  Result<Array> many(T /*tag*/) {
    FATHOM_TRY(const uint64_t count, cursor_.read_count("the length of " + what_, sizeof(T)));
    using Element = std::conditional_t<std::is_floating_point_v<T>, double,
                                       std::conditional_t<sizeof(T) == 8, T, int64_t>>;
    std::vector<Element> elements(count);
    for (Element& element : elements) {
      FATHOM_TRY(element, cursor_.read<T>(what_));
    }
    if constexpr (std::is_same_v<T, uint64_t>)
      if (std::ranges::all_of(elements, [](uint64_t x) { return x <= kLargestInt64; }))
        return Array(std::vector<int64_t>(elements.begin(), elements.end()));
    return Array(std::move(elements));
  }

  Result<Array> many(Text /*tag*/) {
    FATHOM_TRY(const uint64_t count,
               cursor_.read_count("the length of " + what_, sizeof(uint64_t)));
    std::vector<std::string_view> elements(count);
    for (std::string_view& element : elements) {
      FATHOM_TRY(element, cursor_.read_string(what_));
    }
    return Array(std::move(elements));
  }

  Result<Array> many(Truth /*tag*/) {
    FATHOM_TRY(const uint64_t count, cursor_.read_count("the length of " + what_, 1));
    std::vector<bool> elements(count);
    for (size_t i = 0; i < count; ++i) {
      FATHOM_TRY(elements[i], read_truth());
    }
    return Array(std::move(elements));
  }

  Cursor& cursor_;
  std::string what_;
};

}  // namespace

Result<Value> read_value(Cursor& cursor, const std::string& key) {
  return ValueReader(cursor, key).value();
}

}  // namespace fathom::gguf
