// The flags of `fathom run`.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "fathom/base/result.h"
#include "fathom/engine/engine.h"
#include "model_flags.h"

namespace fathom {

struct RunFlags {
  ModelFlags model;
  std::vector<std::string> files;
  std::string question;
  std::string system;
  std::string chat_template;
  bool raw = false;
  SessionOptions session;
  Generation generation;
  bool no_cache = false;
  std::string cache_limit;
  std::string kv_trace;
  bool json = false;
  bool quiet = false;
};

void add_run_flags(CLI::App& app, RunFlags& flags);

// What can be said against them before anything is read. Errors name the flag.
Status check(const RunFlags& flags);

// The flags of this call that change nothing, and why: one sentence each.
std::vector<std::string> without_effect(const CLI::App& app, const RunFlags& flags);

}  // namespace fathom
