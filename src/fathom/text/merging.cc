#include "fathom/text/merging.h"

namespace fathom {

void SymbolMerger::start(size_t count) {
  links_.resize(count);
  for (uint32_t i = 0; i < count; ++i) links_[i] = {i - 1, i + 1, Merge{}};  // 0 - 1 is kNone
  if (count > 0) links_.back().next = kNone;
}

void SymbolMerger::unlink(uint32_t i) {
  const Link link = links_[i];
  links_[link.previous].next = link.next;
  if (link.next != kNone) links_[link.next].previous = link.previous;
  links_[i].merge = Merge{};
}

void SymbolMerger::keep_linked(std::vector<Symbol>& symbols) const {
  if (symbols.empty()) return;
  size_t kept = 0;
  for (uint32_t i = 0; i != kNone; i = links_[i].next) symbols[kept++] = symbols[i];
  symbols.resize(kept);
}

}  // namespace fathom
