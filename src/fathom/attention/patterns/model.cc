// model: what the model's own layer lets a query see: its sliding window, or every key.
//
// Layers that alternate between windows and full attention are the model's metadata's to say (Gemma
// 3, Mistral). A specification replaces them where it names a layer; `model` stands for them in it.
#include <string>

#include "fathom/attention/pattern.h"
#include "fathom/attention/spec.h"

namespace fathom::patterns {
namespace {

constexpr std::string_view kExamples[] = {"model"};

Result<PatternPtr> make(const Parameters&, const Placement& placement) {
  if (!placement.window) return parse_pattern("full");
  return parse_pattern("window(size=" + std::to_string(*placement.window) + ")");
}

}  // namespace

extern const PatternPlugin model;
const PatternPlugin model = {
    .name = "model",
    .summary = "what the model's own layer lets it see",
    .paper = "Gemma Team 2025, Gemma 3, arXiv:2503.19786",
    .parameters = {},
    .examples = kExamples,
    .make = make,
};

}  // namespace fathom::patterns
