#include "fathom/bench/peak_memory.h"

#include <fstream>
#include <string>

namespace fathom {

void reset_peak_memory() { std::ofstream("/proc/self/clear_refs") << "5"; }

size_t peak_memory() {
  std::ifstream status("/proc/self/status");
  size_t kibibytes = 0;
  for (std::string word; status >> word;)
    if (word == "VmHWM:" && status >> kibibytes) break;
  return kibibytes << 10;
}

}  // namespace fathom
