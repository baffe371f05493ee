// Builds GGUF files in memory for tests, right ones and wrong ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fathom::gguf {

// Little-endian bytes in a row.
class ByteWriter {
 public:
  template <class T>
  ByteWriter& number(T value) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof(T));
    bytes_.append(bytes, sizeof(T));
    return *this;
  }
  ByteWriter& string(std::string_view text) {
    number<uint64_t>(text.size());
    bytes_ += text;
    return *this;
  }
  ByteWriter& raw(std::string_view bytes) {
    bytes_ += bytes;
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

// The ids of metadata types.
enum : uint32_t {
  kU8 = 0,
  kI8 = 1,
  kU16 = 2,
  kI16 = 3,
  kU32 = 4,
  kI32 = 5,
  kF32 = 6,
  kBool = 7,
  kText = 8,
  kArray = 9,
  kU64 = 10,
  kI64 = 11,
  kF64 = 12,
};

// The bytes of a value as they follow its key: its type id, then the value.
template <class T>
std::string scalar(uint32_t type, T value) {
  return ByteWriter().number(type).number(value).bytes();
}
inline std::string text(std::string_view value) {
  return ByteWriter().number<uint32_t>(kText).string(value).bytes();
}
template <class T>
std::string array(uint32_t type, const std::vector<T>& values) {
  ByteWriter out;
  out.number<uint32_t>(kArray).number(type).template number<uint64_t>(values.size());
  for (const T& value : values) out.number(value);
  return out.bytes();
}
inline std::string texts(const std::vector<std::string>& values) {
  ByteWriter out;
  out.number<uint32_t>(kArray).number<uint32_t>(kText).number<uint64_t>(values.size());
  for (const std::string& value : values) out.string(value);
  return out.bytes();
}

// What a file says. Change a field to make it wrong; bytes() writes it as it stands.
struct TestFile {
  struct Entry {
    std::string key;
    std::string value;  // as scalar(), text(), array() give it
  };
  struct TensorInfo {
    std::string name;
    std::vector<uint64_t> shape;
    uint32_t type;
    uint64_t offset;
  };

  std::string magic = "GGUF";
  uint32_t version = 3;
  std::vector<Entry> entries;
  std::vector<TensorInfo> tensors;
  std::string data;
  size_t alignment = 32;  // where the data starts; the key general.alignment is separate

  std::string bytes() const {
    ByteWriter out;
    out.raw(magic)
        .number(version)
        .number<uint64_t>(tensors.size())
        .number<uint64_t>(entries.size());
    for (const Entry& entry : entries) out.string(entry.key).raw(entry.value);
    for (const TensorInfo& tensor : tensors) {
      out.string(tensor.name).number(static_cast<uint32_t>(tensor.shape.size()));
      for (const uint64_t size : tensor.shape) out.number(size);
      out.number(tensor.type).number(tensor.offset);
    }
    const size_t padding = (alignment - out.bytes().size() % alignment) % alignment;
    return out.raw(std::string(padding, '\0')).raw(data).bytes();
  }
};

// Every kind of metadata and three tensors, in 12, 18 and 20 * 4 bytes.
inline TestFile good_file() {
  TestFile file;
  file.entries = {
      {"general.architecture", text("llama")},
      {"a.u8", scalar<uint8_t>(kU8, 200)},
      {"a.i8", scalar<int8_t>(kI8, -100)},
      {"a.u16", scalar<uint16_t>(kU16, 60000)},
      {"a.i16", scalar<int16_t>(kI16, -30000)},
      {"a.u32", scalar<uint32_t>(kU32, 4000000000)},
      {"a.i32", scalar<int32_t>(kI32, -2000000000)},
      {"a.u64", scalar<uint64_t>(kU64, 0xffffffffffffffff)},
      {"a.i64", scalar<int64_t>(kI64, -5)},
      {"a.f32", scalar<float>(kF32, 0.5F)},
      {"a.f64", scalar<double>(kF64, 1e300)},
      {"a.bool", scalar<uint8_t>(kBool, 1)},
      {"b.i32", array<int32_t>(kI32, {1, -2, 3})},
      {"b.u64", array<uint64_t>(kU64, {1, 0xffffffffffffffff})},
      {"b.f32", array<float>(kF32, {0.5F, -1})},
      {"b.bool", array<uint8_t>(kBool, {1, 0, 1})},
      {"b.text", texts({"one", "", "three"})},
      {"b.empty", texts({})},
  };
  file.tensors = {{"norm", {3}, 0, 0}, {"matrix", {32, 1}, 2, 32}, {"last", {5, 2, 2}, 0, 64}};
  file.data.resize(64 + 80, 'x');
  return file;
}

}  // namespace fathom::gguf
