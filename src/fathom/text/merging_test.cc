#include "fathom/text/merging.h"

#include <map>
#include <random>

#include <gtest/gtest.h>

namespace fathom {
namespace {

using Merges = std::map<std::pair<TokenId, TokenId>, Merge>;

std::vector<Symbol> symbols_of(const std::vector<TokenId>& ids) {
  std::vector<Symbol> symbols;
  symbols.reserve(ids.size());
  for (uint32_t i = 0; i < ids.size(); ++i) symbols.push_back({i, i + 1, ids[i]});
  return symbols;
}

// The definition, word for word.
std::vector<TokenId> merge_slowly(std::vector<TokenId> ids, const Merges& merges) {
  for (;;) {
    Merge best;
    size_t at = 0;
    for (size_t i = 0; i + 1 < ids.size(); ++i) {
      const auto found = merges.find({ids[i], ids[i + 1]});
      if (found == merges.end() || found->second.rank >= best.rank) continue;
      best = found->second;
      at = i;
    }
    if (best.rank == Merge::kNever) return ids;
    ids[at] = best.id;
    ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }
}

std::vector<TokenId> merge_fast(SymbolMerger& merger, const std::vector<TokenId>& ids,
                                const Merges& merges) {
  const auto find = [&](const Symbol& left, const Symbol& right) {
    const auto found = merges.find({left.id, right.id});
    return found == merges.end() ? Merge{} : found->second;
  };
  const std::vector<Symbol> symbols = symbols_of(ids);
  std::vector<TokenId> out;
  uint32_t end = 0;
  for (const Symbol& symbol : merger.run(symbols, find)) {
    EXPECT_EQ(symbol.begin, end);
    end = symbol.end;
    out.push_back(symbol.id);
  }
  EXPECT_EQ(end, ids.size());
  return out;
}

// Merges of any ranks, equal ones and ones lower than their parts' included, some of them cyclic:
// a pair may even merge into one of its parts.
TEST(Merging, EqualsItsDefinitionInWindowsOfAnySize) {
  std::mt19937 random(7);
  const auto below = [&](uint32_t n) { return static_cast<TokenId>(random() % n); };
  for (int round = 0; round < 400; ++round) {
    const uint32_t letters = 1 + random() % 3, tokens = letters + random() % 12;
    Merges merges;
    for (uint32_t i = 0; i < 2 * tokens; ++i)
      merges[{below(tokens), below(tokens)}] = {static_cast<uint32_t>(below(tokens)),
                                                below(tokens)};
    std::vector<TokenId> ids(random() % 300);
    for (TokenId& id : ids) id = below(letters);
    const std::vector<TokenId> expected = merge_slowly(ids, merges);
    for (const size_t window : {2, 3, 8, 50, 1000}) {
      SymbolMerger merger(window);
      EXPECT_EQ(merge_fast(merger, ids, merges), expected) << "window " << window;
      EXPECT_EQ(merge_fast(merger, ids, merges), expected) << "used again";
    }
  }
}

TEST(Merging, LeavesNothingOfNothing) {
  SymbolMerger merger;
  EXPECT_TRUE(merge_fast(merger, {}, {}).empty());
}

}  // namespace
}  // namespace fathom
