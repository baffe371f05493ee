#include "fathom/engine/kv_parts.h"

#include <algorithm>
#include <cassert>
#include <mutex>
#include <span>
#include <string>
#include <utility>

#include "fathom/kernels/block_plan.h"

namespace fathom {
namespace {

struct HeadPlace {
  size_t layer = 0;
  size_t kv_head = 0;
};

std::vector<HeadPlace> heads_of(const KvCache& cache) {
  std::vector<HeadPlace> heads;
  for (size_t layer = 0; layer < cache.layers(); ++layer)
    for (size_t h = 0; h < cache.shape(layer).kv_heads; ++h) heads.push_back({layer, h});
  return heads;
}

void add_block(const KvBlock& block, PartHead& head, Section& section) {
  head.coded.push_back(block.coded ? 1 : 0);
  section.push_back(block.keys);
  section.push_back(block.values);
}

// The block that begins with position `begin`, if the head has all of [begin, end).
std::optional<size_t> block_at(std::span<const Position> positions, uint64_t begin, uint64_t end) {
  const auto value = [](uint64_t position) { return Position{static_cast<int64_t>(position)}; };
  const auto first = std::ranges::lower_bound(positions, value(begin));
  const auto slot = static_cast<size_t>(first - positions.begin());
  const size_t count = end - begin;
  if (slot % kBlock != 0 || positions.size() - slot < count) return std::nullopt;
  if (positions[slot] != value(begin) || positions[slot + count - 1] != value(end - 1))
    return std::nullopt;
  return slot / kBlock;
}

size_t bytes_of(const Section& section) {
  size_t bytes = 0;
  for (const std::span<std::byte> piece : section) bytes += piece.size();
  return bytes;
}

// One part's section of one head, and where in the cache it goes.
struct Load {
  size_t part = 0;
  size_t head = 0;
  Section into;
  size_t rest = 0;  // bytes of blocks that are not taken
};

// The blocks that hold the part's tokens before `tokens`.
size_t blocks_before(const PartHead& head, uint64_t begin, uint64_t tokens) {
  if (!head.positions.empty()) return head.coded.size();
  return std::min(head.coded.size(), static_cast<size_t>((tokens - begin) / kBlock));
}

// Adds a part's blocks to a head of the cache. Error: its bytes are not those of such blocks.
Result<Load> make_room(const PartFile& part, size_t index, HeadPlace place, uint64_t tokens,
                       KvCache& cache) {
  const PartHead& head = part.header().heads[index];
  const Error misfit{part.path() + ": is of a cache of another form"};
  Load load;
  load.head = index;
  const size_t count = blocks_before(head, part.header().begin, tokens);
  for (size_t i = 0; i < count; ++i) {
    const bool coded = head.coded[i] != 0;
    if (coded && !cache.format().coded()) return misfit;
    const KvBlock block = cache.add_block(place.layer, place.kv_head, coded);
    load.into.push_back(block.keys);
    load.into.push_back(block.values);
  }
  const size_t taken = bytes_of(load.into);
  if (taken > head.bytes || (count == head.coded.size() && taken < head.bytes)) return misfit;
  load.rest = head.bytes - taken;
  return load;
}

// All of it is read, so that its checksum tells.
Status run(const Load& load, const PartFile& part) {
  std::vector<std::byte> rest(load.rest);
  Section into = load.into;
  if (!rest.empty()) into.emplace_back(rest);
  return part.read(load.head, into);
}

std::optional<BadPart> read_all(ThreadPool& pool, const PartChain& chain,
                                std::span<const Load> loads) {
  std::mutex mutex;
  std::optional<BadPart> bad;
  pool.run(loads.size(), [&](size_t task, size_t) {
    const Status status = run(loads[task], chain.parts[loads[task].part]);
    if (status.ok()) return;
    const std::scoped_lock lock(mutex);
    bad = BadPart{loads[task].part, status.error()};
  });
  return bad;
}

// A head's, from what its loads begin with up to `tokens`, or what a state says.
std::vector<Position> positions_of(const PartHead& head, uint64_t begin, uint64_t tokens) {
  std::vector<Position> positions;
  positions.reserve(std::max<size_t>(head.positions.size(), tokens - begin));
  for (const uint32_t position : head.positions) positions.push_back({position});
  if (!positions.empty()) return positions;
  for (uint64_t i = begin; i < tokens; ++i) positions.push_back({static_cast<int64_t>(i)});
  return positions;
}

}  // namespace

std::optional<std::vector<Section>> sections_of(const KvCache& cache, PartHeader& header) {
  assert(header.begin % kBlock == 0 && header.end() % kBlock == 0);
  std::vector<Section> sections;
  header.heads.clear();
  for (const auto [layer, kv_head] : heads_of(cache)) {
    const auto first = block_at(cache.positions(layer, kv_head), header.begin, header.end());
    if (!first) return std::nullopt;
    PartHead& head = header.heads.emplace_back();
    Section& section = sections.emplace_back();
    const size_t count = header.tokens.size() / kBlock;
    for (size_t i = 0; i < count; ++i)
      add_block(cache.block(layer, kv_head, *first + i), head, section);
  }
  return sections;
}

std::vector<Section> state_sections_of(const KvCache& cache, PartHeader& header) {
  std::vector<Section> sections;
  header.heads.clear();
  for (const auto [layer, kv_head] : heads_of(cache)) {
    PartHead& head = header.heads.emplace_back();
    Section& section = sections.emplace_back();
    for (size_t i = 0; i < cache.blocks(layer, kv_head); ++i)
      add_block(cache.block(layer, kv_head, i), head, section);
    if (cache.slots(layer, kv_head) == cache.tokens()) continue;
    for (const Position position : cache.positions(layer, kv_head))
      head.positions.push_back(static_cast<uint32_t>(position.value));
  }
  return sections;
}

std::optional<BadPart> fill(ThreadPool& pool, const PartChain& chain, uint64_t tokens,
                            const NeededFn& needed, KvCache& cache) {
  assert(cache.tokens() == 0 && tokens % kBlock == 0 && tokens <= chain.tokens);
  const std::vector<HeadPlace> heads = heads_of(cache);
  std::vector<Load> loads;
  std::vector<uint64_t> begins(heads.size(), tokens);  // where what is loaded of each head does
  const auto fail = [&](size_t part, const Error& why) {
    cache.truncate(0);
    return BadPart{part, why};
  };
  for (size_t p = 0; p < chain.parts.size(); ++p) {
    const PartFile& part = chain.parts[p];
    if (part.header().begin >= tokens) break;
    part.announce();
    if (part.header().heads.size() != heads.size())
      return fail(p, {part.path() + ": is of a cache with another number of heads"});
    for (size_t h = 0; h < heads.size(); ++h) {
      if (part.header().end() <= needed(heads[h].layer)) continue;
      begins[h] = std::min(begins[h], part.header().begin);
      auto load = make_room(part, h, heads[h], tokens, cache);
      if (!load.ok()) return fail(p, load.error());
      load->part = p;
      loads.push_back(std::move(*load));
    }
  }
  if (const auto bad = read_all(pool, chain, loads)) return fail(bad->part, bad->why);
  std::vector<std::vector<Position>> positions;
  positions.reserve(heads.size());
  const PartHeader& first = chain.parts.front().header();
  for (size_t h = 0; h < heads.size(); ++h)
    positions.push_back(positions_of(first.heads[h], begins[h], tokens));
  cache.restore(tokens, positions);
  return std::nullopt;
}

}  // namespace fathom
