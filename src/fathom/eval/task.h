// An evaluation task: what `fathom eval NAME` runs. One file in tasks/ that defines a Task named as
// the file.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "fathom/base/progress.h"
#include "fathom/base/result.h"
#include "fathom/engine/engine.h"

namespace fathom {

struct TaskInput {
  Engine* engine = nullptr;
  PatternMap attention;
  KvOptions kv = {};
  std::string text;      // the file that was given
  size_t window = 2048;  // tokens
  size_t chunk = 512;    // tokens read at a time
  ProgressFn progress;
};

struct Task {
  std::string_view name;
  std::string_view summary;
  // The task's figures as one JSON object.
  Result<nlohmann::json> (*run)(const TaskInput& input);
};

namespace tasks {
std::span<const Task* const> all();
}  // namespace tasks

}  // namespace fathom
