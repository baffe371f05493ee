#include "fathom/eval/technique.h"

namespace fathom {

std::string Technique::label() const {
  std::string label;
  const auto add = [&label](const std::string& part, std::string_view usual,
                            std::string_view prefix = "") {
    if (part == usual) return;
    if (!label.empty()) label += ", ";
    label += prefix;
    label += part;
  };
  add(attn, "model");
  add(kv, "keep");
  add(kv_split, "uniform");
  add(rope, "auto", "rope ");
  return label.empty() ? "full" : label;
}

}  // namespace fathom
