// What a long run tells its watcher. The watcher decides whether and how to show it.
#pragma once

#include <cstddef>
#include <functional>

namespace fathom {

struct Progress {
  size_t done = 0;     // tokens, bytes: the caller's unit
  size_t total = 0;    // of the same unit
  double seconds = 0;  // since the start
};

// Called now and then during a long run; returning false asks the run to stop.
using ProgressFn = std::function<bool(const Progress&)>;

}  // namespace fathom
