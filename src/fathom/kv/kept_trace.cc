#include "fathom/kv/kept_trace.h"

namespace fathom {

std::string trace_line(size_t tokens, size_t layer, size_t kv_head,
                       std::span<const Position> kept) {
  std::string runs;
  for (size_t first = 0, last = 0; first < kept.size(); first = last + 1) {
    last = first;
    while (last + 1 < kept.size() && kept[last + 1].value == kept[last].value + 1) ++last;
    runs += (runs.empty() ? "[" : ",[") + std::to_string(kept[first].value) + "," +
            std::to_string(kept[last].value) + "]";
  }
  return "{\"tokens\":" + std::to_string(tokens) + ",\"layer\":" + std::to_string(layer) +
         ",\"head\":" + std::to_string(kv_head) + ",\"kept\":[" + runs + "]}\n";
}

}  // namespace fathom
