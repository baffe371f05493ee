// tool_gguf FILE: all that the file says, as one JSON object; or its error, with exit status 1.
#include "fathom/gguf/gguf.h"

#include <cstdio>
#include <iostream>
#include <string>
#include <variant>

#include <nlohmann/json.hpp>

namespace {

using nlohmann::json;
using namespace fathom::gguf;

json to_json(const Value& value) {
  return std::visit(
      [](const auto& held) -> json {
        if constexpr (std::is_same_v<std::decay_t<decltype(held)>, Array>) {
          return std::visit([](const auto& elements) { return json(elements); }, held);
        } else {
          return json(held);
        }
      },
      value);
}

json to_json(const Tensor& tensor) {
  uint64_t sum = 0;
  for (size_t i = 0; i < tensor.bytes; ++i) sum += static_cast<uint64_t>(tensor.data[i]);
  return {{"name", tensor.name},
          {"type", fathom::info(tensor.type).name},
          {"shape", tensor.shape},
          {"sum", sum}};
}

}  // namespace

int main(int argc, char** argv) {  // NOLINT(bugprone-exception-escape): json only throws on misuse
  if (argc != 2) {
    std::fprintf(stderr, "usage: tool_gguf FILE\n");
    return 2;
  }
  const auto file = File::open(argv[1]);
  if (!file.ok()) {
    std::fprintf(stderr, "%s\n", file.error().message.c_str());
    return 1;
  }
  json out = {{"metadata", json::object()}, {"tensors", json::array()}};
  for (const auto& [key, value] : file->metadata().entries()) out["metadata"][key] = to_json(value);
  for (const Tensor& tensor : file->tensors()) out["tensors"].push_back(to_json(tensor));
  std::cout << out.dump(-1, ' ', false, json::error_handler_t::replace) << '\n';
  return 0;
}
