#include "fathom/gguf/reader.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <iterator>

#include "fathom/gguf/value_reader.h"

namespace fathom::gguf {
namespace {

constexpr char kMagic[] = {'G', 'G', 'U', 'F'};
constexpr uint64_t kDefaultAlignment = 32;
constexpr uint32_t kMaxDimensions = 4;
// The least that a metadata entry (key length, type, one byte) and a tensor (name length, number of
// dimensions, one dimension, type, offset) take: bounds on how many a file can hold.
constexpr size_t kLeastEntry = 8 + 4 + 1;
constexpr size_t kLeastTensor = 8 + 4 + 8 + 4 + 8;

std::string supported_types() {
  std::string names;
  for (const DTypeInfo& type : all_dtypes())
    names += (names.empty() ? "" : ", ") + std::string(type.name);
  return names;
}

size_t element_alignment(DType type) {
  if (type == DType::f32) return alignof(float);
  if (type == DType::f16 || type == DType::bf16) return alignof(uint16_t);
  return 1;  // blocks are read byte by byte
}

}  // namespace

Reader::Reader(std::span<const std::byte> bytes, const std::string& name)
    : cursor_(bytes, name), base_(bytes.data()) {
  assert(reinterpret_cast<uintptr_t>(base_) % alignof(float) == 0);
  file_.path_ = name;
  file_.file_bytes_ = bytes.size();
}

Result<File> Reader::read() {
  FATHOM_CHECK(read_header());
  for (uint64_t i = 0; i < entry_count_; ++i) FATHOM_CHECK(read_entry());
  FATHOM_TRY(const uint64_t alignment, read_alignment());
  for (uint64_t i = 0; i < tensor_count_; ++i) FATHOM_CHECK(read_tensor());
  const uint64_t data_start = (cursor_.offset() + alignment - 1) & ~(alignment - 1);
  FATHOM_CHECK(place_tensors(data_start, alignment));
  FATHOM_CHECK(check_overlaps());
  return std::move(file_);
}

Status Reader::read_header() {
  for (const char expected : kMagic) {
    FATHOM_TRY(const char byte, cursor_.read<char>("the GGUF magic"));
    if (byte != expected)
      return cursor_.error_at(0, "not a GGUF file, which begins with the four bytes 'GGUF'");
  }
  FATHOM_TRY(const auto version, cursor_.read<uint32_t>("the version"));
  if (version != 0 && (version & 0xffff) == 0)
    return cursor_.error_at(4, "the file is big-endian; only little-endian files are supported");
  if (version != 2 && version != 3)
    return cursor_.error_at(4, "GGUF version " + std::to_string(version) +
                                   "; versions 2 and 3 are supported, so convert the model again");
  file_.version_ = version;
  FATHOM_TRY(tensor_count_, cursor_.read_count("the number of tensors", kLeastTensor));
  FATHOM_TRY(entry_count_, cursor_.read_count("the number of metadata entries", kLeastEntry));
  return {};
}

Status Reader::read_entry() {
  const size_t start = cursor_.offset();
  FATHOM_TRY(const std::string_view key, cursor_.read_string("a metadata key"));
  FATHOM_TRY(Value value, read_value(cursor_, "key " + quoted(key)));
  if (!file_.metadata_.entries_.emplace(key, std::move(value)).second)
    return cursor_.error_at(start, "key " + quoted(key) + " stands twice");
  return {};
}

Result<uint64_t> Reader::read_alignment() {
  const Result<uint64_t> alignment =
      file_.metadata_.integer_or("general.alignment", kDefaultAlignment);
  if (!alignment.ok()) return Error{cursor_.file() + ": " + alignment.error().message};
  if (!std::has_single_bit(*alignment) || *alignment > uint64_t{1} << 32)
    return Error{cursor_.file() + ": key 'general.alignment' is " + std::to_string(*alignment) +
                 "; it must be a power of two"};
  return *alignment;
}

Status Reader::read_tensor() {
  FATHOM_TRY(const std::string_view name, cursor_.read_string("a tensor name"));
  const std::string what = "tensor " + quoted(name);
  FATHOM_TRY(const auto dimensions, cursor_.read<uint32_t>("the rank of " + what));
  if (dimensions < 1 || dimensions > kMaxDimensions)
    return cursor_.error_at(cursor_.offset() - 4, what + " has " + std::to_string(dimensions) +
                                                      " dimensions; valid are 1 to 4");
  Tensor tensor;
  tensor.name = name;
  tensor.shape.resize(dimensions);
  for (uint64_t& size : tensor.shape) {
    FATHOM_TRY(size, cursor_.read<uint64_t>("the shape of " + what));
    if (size == 0)
      return cursor_.error_at(cursor_.offset() - 8, what + " has a dimension of size 0");
  }
  FATHOM_TRY(const auto id, cursor_.read<uint32_t>("the type of " + what));
  const DTypeInfo* type = find_dtype(id);
  if (type == nullptr)
    return cursor_.error_at(cursor_.offset() - 4, what + " has the type " + std::to_string(id) +
                                                      ", which is not supported; supported are " +
                                                      supported_types());
  tensor.type = type->type;
  FATHOM_TRY(const auto offset, cursor_.read<uint64_t>("the offset of " + what));
  offsets_.push_back(offset);
  FATHOM_TRY(tensor.bytes, measure(tensor));
  file_.tensors_.push_back(std::move(tensor));
  return {};
}

Result<uint64_t> Reader::measure(const Tensor& tensor) const {
  const DTypeInfo& type = info(tensor.type);
  if (tensor.shape[0] % type.block_size != 0)
    return tensor_error(tensor, "has rows of " + std::to_string(tensor.shape[0]) +
                                    " elements, but " + std::string(type.name) +
                                    " comes in blocks of " + std::to_string(type.block_size));
  uint64_t bytes = type.block_bytes;
  bool overflow = __builtin_mul_overflow(bytes, tensor.shape[0] / type.block_size, &bytes);
  for (size_t i = 1; i < tensor.shape.size(); ++i)
    overflow |= __builtin_mul_overflow(bytes, tensor.shape[i], &bytes);
  if (overflow || bytes > cursor_.size())
    return tensor_error(tensor, "is larger than the whole file");
  return bytes;
}

Status Reader::place_tensors(uint64_t data_start, uint64_t alignment) {
  for (size_t i = 0; i < offsets_.size(); ++i) {
    Tensor& tensor = file_.tensors_[i];
    const uint64_t offset = offsets_[i];
    if (offset % alignment != 0)
      return tensor_error(tensor, "lies at data offset " + std::to_string(offset) +
                                      ", which is not a multiple of the alignment " +
                                      std::to_string(alignment));
    const uint64_t room = cursor_.size() - std::min<uint64_t>(data_start, cursor_.size());
    if (offset > room || tensor.bytes > room - offset)
      return tensor_error(tensor, "takes " + std::to_string(tensor.bytes) +
                                      " bytes at data offset " + std::to_string(offset) +
                                      ", but the file holds " + std::to_string(room) +
                                      " bytes of data: it is cut short or damaged");
    if ((data_start + offset) % element_alignment(tensor.type) != 0)
      return tensor_error(tensor, "lies at byte " + std::to_string(data_start + offset) +
                                      ", which is not aligned for " +
                                      std::string(info(tensor.type).name));
    tensor.data = base_ + data_start + offset;
  }
  return {};
}

Status Reader::check_overlaps() const {
  std::vector<const Tensor*> in_order;
  in_order.reserve(file_.tensors_.size());
  for (const Tensor& tensor : file_.tensors_) in_order.push_back(&tensor);
  std::ranges::sort(in_order, {}, &Tensor::data);
  for (size_t i = 1; i < in_order.size(); ++i)
    if (in_order[i - 1]->data + in_order[i - 1]->bytes > in_order[i]->data)
      return tensor_error(*in_order[i], "overlaps tensor " + quoted(in_order[i - 1]->name));
  return {};
}

Error Reader::tensor_error(const Tensor& tensor, const std::string& message) const {
  return {cursor_.file() + ": tensor " + quoted(tensor.name) + " " + message};
}

void Reader::append(File& file, File part) {
  file.file_bytes_ += part.file_bytes_;
  std::ranges::move(part.tensors_, std::back_inserter(file.tensors_));
  std::ranges::move(part.mappings_, std::back_inserter(file.mappings_));
}

Status Reader::build_index(File& file) {
  for (size_t i = 0; i < file.tensors_.size(); ++i)
    if (!file.index_.emplace(file.tensors_[i].name, i).second)
      return Error{file.path_ + ": tensor " + quoted(file.tensors_[i].name) + " stands twice"};
  return {};
}

}  // namespace fathom::gguf
