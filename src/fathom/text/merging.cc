#include "fathom/text/merging.h"

namespace fathom {

size_t SymbolMerger::index_at(std::span<const Symbol> symbols, uint32_t offset) {
  const auto found = std::ranges::lower_bound(symbols, offset, {}, &Symbol::begin);
  return static_cast<size_t>(found - symbols.begin());
}

void SymbolMerger::drop_part_behind(uint32_t offset) {
  while (part_.size() > 1 && part_.back().end > offset) part_.pop_back();
}

void SymbolMerger::start(std::span<const Symbol> symbols) {
  part_.assign(symbols.begin(), symbols.end());
  links_.resize(part_.size());
  for (uint32_t i = 0; i < links_.size(); ++i) {
    links_[i].previous = i == 0 ? kNone : i - 1;
    links_[i].next = i + 1 == links_.size() ? kNone : i + 1;
  }
}

// The next symbol becomes part of `left`, and leaves the list.
void SymbolMerger::join_next(uint32_t left) {
  const uint32_t right = links_[left].next;
  part_[left].end = part_[right].end;
  part_[left].id = links_[left].merge.id;
  links_[left].next = links_[right].next;
  if (links_[right].next != kNone) links_[links_[right].next].previous = left;
  links_[right].merge = Merge{};
}

void SymbolMerger::keep_linked() {
  if (part_.empty()) return;
  size_t kept = 0;
  for (uint32_t i = 0; i != kNone; i = links_[i].next) part_[kept++] = part_[i];
  part_.resize(kept);
}

}  // namespace fathom
