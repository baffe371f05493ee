// Flags that name other engines to measure in the same run.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "fathom/bench/rival.h"
#include "fathom/bench/rival_kernels.h"
#include "fathom/model/model.h"

namespace fathom {

struct RivalFlags {
  std::string model;  // of the suites that need one for this alone
  std::vector<std::string> programs;
  RivalSettings settings;
};

// --rival, and how its programs are run.
CLI::Option* add_rival_flags(CLI::App& app, RivalFlags& flags);
// The same, and -m: the model that gives the shapes, without which there is nothing to compare.
void add_rival_kernel_flags(CLI::App& app, RivalFlags& flags);

Result<std::vector<Rival>> open_rivals(const RivalFlags& flags);

// A pulled model's name, or a path to a GGUF file.
Result<std::unique_ptr<Model>> open_model(const std::string& name);

}  // namespace fathom
