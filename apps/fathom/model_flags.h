// Flags of every command that runs a model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <CLI/CLI.hpp>

#include "fathom/base/result.h"
#include "fathom/engine/engine.h"

namespace fathom {

struct ModelFlags {
  std::string model;
  size_t threads = 0;
  std::string isa = "auto";
  Precision precision = Precision::bf16;
  std::string attention = "full";
};

// A check for options of unsigned type, which CLI11 reads "-1" into without complaint.
CLI::Validator whole_number(uint64_t least, uint64_t most);

// -m alone, for commands that only look at a model.
void add_model_flag(CLI::App& app, std::string& model);
void add_model_flags(CLI::App& app, ModelFlags& flags);

struct ModelSettings {
  EngineOptions engine;
  PatternPtr attention;
};

// Errors name the flag.
Result<ModelSettings> check(const ModelFlags& flags);

// "full, window(size)": what --attn takes.
std::string pattern_forms();

}  // namespace fathom
