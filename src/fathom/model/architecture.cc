#include "fathom/model/architecture.h"

#include <string>

namespace fathom {

Result<const Architecture*> find_architecture(const gguf::File& file) {
  FATHOM_TRY(const auto name, file.metadata().string("general.architecture"));
  std::string known;
  for (const Architecture* architecture : archs::all()) {
    if (architecture->name == name) return architecture;
    known += (known.empty() ? "" : ", ") + std::string(architecture->name);
  }
  return Error{"architecture '" + std::string(name) + "' is not supported; these are: " + known};
}

}  // namespace fathom
