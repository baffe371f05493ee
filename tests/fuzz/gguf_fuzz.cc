// libFuzzer target of the GGUF reader: any bytes are an Error or a File that can be used in full.
// Seeds: gguf_corpus/, written by make_gguf_corpus.py.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include "fathom/gguf/gguf.h"

namespace {

using fathom::gguf::File;
using fathom::gguf::Metadata;
using fathom::gguf::Tensor;

// Every kind of look-up, of a key that may be of another kind.
size_t look_up(const Metadata& metadata, const std::string& key) {
  size_t found = 0;
  if (const auto text = metadata.string(key); text.ok())
    for (const char c : *text) found += static_cast<unsigned char>(c);
  if (const auto texts = metadata.strings(key); texts.ok() && *texts != nullptr)
    for (const std::string_view text : **texts) found += text.empty() ? 0 : text.back() != 0;
  found += metadata.integer(key).ok();
  found += metadata.number(key).ok();
  found += metadata.boolean(key).ok();
  found += metadata.integers(key).ok();
  found += metadata.numbers(key).ok();
  found += metadata.booleans(key).ok();
  found += metadata.per_layer(key, 3).ok();
  return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto file = File::parse(std::as_bytes(std::span(data, size)), "fuzz.gguf");
  if (!file.ok()) {
    if (file.error().message.empty()) std::abort();
    return 0;
  }
  volatile size_t touched = 0;
  for (const auto& [key, value] : file->metadata().entries())
    touched = touched + look_up(file->metadata(), key);
  for (const Tensor& tensor : file->tensors()) {
    for (size_t i = 0; i < tensor.bytes; ++i)
      touched = touched + static_cast<size_t>(tensor.data[i]);
    if (file->find(tensor.name) != &tensor) std::abort();
    if (fathom::row_bytes(tensor.type, tensor.elements()) != tensor.bytes) std::abort();
  }
  return 0;
}
