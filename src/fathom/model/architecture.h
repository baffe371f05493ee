// An architecture: how one family's metadata describes a model, and its tensors' names.
//
// One file in archs/ that defines an Architecture named as the file, which is also its
// general.architecture. Tensor names are GGUF's and shared by all families; weights.h lists them.
#pragma once

#include <span>
#include <string_view>

#include "fathom/base/result.h"
#include "fathom/gguf/gguf.h"
#include "fathom/model/spec.h"

namespace fathom {

struct Architecture {
  std::string_view name;     // general.architecture
  std::string_view summary;  // which models these are
  Result<ModelSpec> (*read)(const gguf::File& file);
};

namespace archs {
std::span<const Architecture* const> all();
}  // namespace archs

// Chooses by general.architecture. Error: unknown, and lists those known.
Result<const Architecture*> find_architecture(const gguf::File& file);

}  // namespace fathom
