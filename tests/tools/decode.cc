// tool_decode TYPE ISA COUNT < blocks > floats: decodes COUNT elements of standard input.
#include "fathom/quant/decode.h"

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  using namespace fathom;
  if (argc != 4) {
    std::fprintf(stderr, "usage: tool_decode TYPE ISA COUNT < blocks > floats\n");
    return 2;
  }
  const DTypeInfo* type = nullptr;
  for (const DTypeInfo& entry : all_dtypes())
    if (entry.name == argv[1]) type = &entry;
  const Result<Isa> isa = parse_isa(argv[2]);
  const size_t count = std::strtoull(argv[3], nullptr, 10);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(std::cin), {}};
  if (type == nullptr || !isa.ok() || count % type->block_size != 0 ||
      bytes.size() != row_bytes(type->type, count)) {
    std::fprintf(stderr, "tool_decode: unknown type or ISA, or not COUNT elements of it\n");
    return 2;
  }
  std::vector<float> values(count);
  decoder(type->type, *isa)(reinterpret_cast<const std::byte*>(bytes.data()), values.data(), count);
  return std::fwrite(values.data(), sizeof(float), count, stdout) == count ? 0 : 1;
}
