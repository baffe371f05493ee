#include "fathom/attention/run_writer.h"

#include <algorithm>
#include <span>

#include "fathom/attention/hash_words.h"

namespace fathom {

size_t RunWriter::Hash::operator()(uint32_t index) const {
  uint64_t hash = 0;
  for (const uint64_t row : masks[index].rows) hash = mix(hash, row);
  return hash;
}

uint32_t RunWriter::intern(const BlockMask& mask, size_t queries) {
  const auto rows = std::span(mask.rows).first(queries);
  if (std::ranges::all_of(rows, [](uint64_t row) { return row == 0; })) return kNothing;
  if (std::ranges::all_of(rows, [](uint64_t row) { return row == ~uint64_t{0}; }))
    return KeyRun::kFull;
  plan_.masks.push_back(mask);
  const auto [index, fresh] = indices_.insert(static_cast<uint32_t>(plan_.masks.size() - 1));
  if (!fresh) plan_.masks.pop_back();
  return *index;
}

void RunWriter::emit(int64_t first, int64_t count, uint32_t mask) {
  const KeyRun run{static_cast<uint32_t>(first), static_cast<uint32_t>(count), mask};
  if (plan_.runs.size() > plan_.run_begin.back()) {
    KeyRun& last = plan_.runs.back();
    if (last.first + last.count == run.first && last.mask == run.mask) {
      last.count += run.count;
      return;
    }
  }
  plan_.runs.push_back(run);
}

}  // namespace fathom
