// Flags of every command that runs a model.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include "fathom/base/result.h"
#include "fathom/engine/engine.h"

namespace fathom {

struct ModelFlags {
  std::string model;
  size_t threads = 0;
  std::string isa = "auto";
  std::string precision = "bf16";
  std::string attention = "model";
  std::string kv = "keep";
  std::string kv_split = "uniform";
  std::string kv_ram;
  std::string rope = "auto";
};

constexpr uint64_t kMostTokens = 1'000'000'000;

// A check for options of integer type, for which CLI11 takes "-1" as unsigned, clamps what is too
// large, and reads "010" as 8.
CLI::Validator whole_number(uint64_t least, uint64_t most);
// A check for options of type double. `range` is for the error, "over 0"; NaN must not be within.
CLI::Validator number(std::string range, bool (*within)(double));

// -m alone, for commands that only look at a model.
void add_model_flag(CLI::App& app, std::string& model);
void add_model_flags(CLI::App& app, ModelFlags& flags);
// --rope, for commands whose figures it changes.
void add_rope_flag(CLI::App& app, std::string& rope);

struct ModelSettings {
  EngineOptions engine;
  PatternMap attention;
  KvOptions kv;
  RopeScaling rope;
};

// Errors name the flag.
Result<ModelSettings> check(const ModelFlags& flags);

// Of --attn. Error: it names a layer or head that the model does not have.
Status check_attention(const PatternMap& attention, const Model& model);

// Of --kv. Error: --attn has patterns that make no sense with it, or its types are too wide.
Status check_kv(const ModelSettings& settings, const Engine& engine);

// Of --rope. Error: its lists do not fit the model.
Status check_rope(const RopeScaling& rope, const Model& model);

// Of -c and the like. Error: more than the model was trained for, and `rope` is automatic; names
// the flag.
Status check_context(std::string_view flag, size_t tokens, const Model& model,
                     const RopeScaling& rope = {});

// "full, window(size)": what --attn takes; and what --kv takes.
std::string pattern_forms();
std::string policy_forms();

}  // namespace fathom
