// Flags of `fathom eval TASK`, and what they ask for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "fathom/base/result.h"
#include "fathom/eval/evaluation.h"
#include "model_flags.h"

namespace fathom {

struct EvalFlags {
  ModelFlags model;
  std::vector<std::string> files;
  std::string lengths;
  std::string samples = "usual";
  size_t depths = 10;
  uint64_t seed = 1;
  size_t chunk = 512;
  bool raw = false;
  bool overview = false;
  std::string out;
  bool json = false;
  std::map<std::string, std::vector<std::string>, std::less<>> own;  // the task's
};

void add_eval_flags(CLI::App& app, const Task& task, EvalFlags& flags);

// "512,2k,8192": k is 1024. Ascending, each once.
Result<std::vector<size_t>> parse_lengths(const std::string& text);

// Every combination of what --attn, --kv and --rope were given, in their order, or of --overview
// those for texts of `longest` tokens on a model; the first is what the others are compared with.
// Errors name the flag.
Result<std::vector<Technique>> techniques_of(const CLI::App& app, const EvalFlags& flags,
                                             size_t longest, const ModelSpec& model);

}  // namespace fathom
