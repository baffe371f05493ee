// Runs a task: every technique on the same samples.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fathom/base/progress.h"
#include "fathom/base/result.h"
#include "fathom/eval/records.h"
#include "fathom/eval/run_folder.h"

namespace fathom {

struct Evaluation {
  const Task* task = nullptr;
  TaskInput input;
  RunHeader header;
  // Where it is kept, and goes on; none: in memory alone.
  std::string folder;
  // Where what is read is kept for samples that begin alike; none: each is read whole.
  std::optional<PrefixOptions> prefixes;
  // In tokens, over all samples and techniques; what was measured before counts as done at once.
  // Returning false stops it, with an error; a folder's run goes on the next time.
  ProgressFn progress;
};

struct EvaluationResult {
  std::vector<Record> records;  // in the order of samples, then of techniques
  size_t resumed = 0;           // how many of them an earlier run had measured
};

// Errors: a task's, a session's, a folder's.
Result<EvaluationResult> evaluate(const Evaluation& evaluation);

}  // namespace fathom
