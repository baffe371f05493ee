#include "fathom/kv/cache.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdio>
#include <new>
#include <utility>

#include <unistd.h>

#include "fathom/kernels/panel.h"
#include "fathom/kv/head_blocks.h"

namespace fathom {
namespace {

// Blocks of one head are taken many at a time, so that a scan runs over contiguous memory. A cache
// that grows bit by bit takes an eighth more than it has, within these bounds.
constexpr size_t kFewestInARow = 8;
constexpr size_t kMostInARow = 32;

// Fewer new tokens than these are packed in less time than another core takes to join in.
constexpr size_t kParallelTokens = 16;

size_t blocks_for(size_t slots) { return slots / kBlock + (slots % kBlock != 0 ? 1 : 0); }

// Bytes. The system hands out more memory than it has and ends the process that touches it, so what
// can never fit must be refused before it is asked for.
double physical_memory() {
  return static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGE_SIZE));
}

Error out_of_memory(size_t tokens, double bytes) {
  std::array<char, 160> text;
  std::snprintf(text.data(), text.size(),
                "out of memory: with %zu tokens more the key-value cache needs %.1f GiB; this "
                "machine has %.1f GiB in all",
                tokens, bytes * 0x1p-30, physical_memory() * 0x1p-30);
  return {text.data()};
}

struct Head {
  HeadBlocks blocks;
  std::vector<Position> positions;  // by slot; empty while slots are positions
};

struct Layer {
  KvLayerShape shape;
  std::vector<Head> heads;
  std::vector<KvHeadView> views;
  bool whole = true;
};

}  // namespace

struct KvCache::Impl {
  KvFormat format;
  std::shared_ptr<KvStorage> storage;
  std::vector<Layer> layers;
  size_t tokens = 0;   // committed
  size_t pending = 0;  // written after them
  bool coding = true;
  mutable std::vector<Position> identity;

  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  // What forks share stays theirs.
  ~Impl() {
    for_heads([](Layer&, Head& head) { head.blocks.truncate(0); });
  }

  template <class Body>
  void for_heads(const Body& body) {
    for (Layer& layer : layers)
      for (Head& head : layer.heads) body(layer, head);
  }

  // Bytes of one plain block of every head's keys and values.
  size_t column_bytes() const {
    size_t bytes = 0;
    for (const Layer& layer : layers)
      bytes += layer.heads.size() * (key_block_bytes(format.operand, layer.shape.head_dim) +
                                     value_block_bytes(format.operand, layer.shape.head_dim));
    return bytes;
  }

  void refresh_views() {
    for (Layer& layer : layers)
      for (size_t h = 0; h < layer.heads.size(); ++h) layer.views[h] = layer.heads[h].blocks.view();
  }

  // Gives back what was reserved and is not used.
  void shrink() {
    for_heads([](Layer&, Head& head) { head.blocks.set_blocks(blocks_for(head.blocks.slots())); });
    for (auto& [bytes, pool] : storage->pools) pool.trim();
    refresh_views();
  }

  void code(ThreadPool& pool, bool moved) {
    std::vector<HeadBlocks*> heads;
    for_heads([&](Layer&, Head& head) {
      if (head.blocks.begin_coding(moved)) heads.push_back(&head.blocks);
    });
    pool.run(2 * heads.size(), [&](size_t task, size_t) {
      heads[task / 2]->code(task % 2 == 0 ? KvHalf::keys : KvHalf::values);
    });
    for (HeadBlocks* const head : heads) head->end_coding();
  }
};

KvCache::KvCache(const std::vector<KvLayerShape>& layers, const KvFormat& format, SlabSource source)
    : impl_(std::make_unique<Impl>()) {
  impl_->format = format;
  impl_->storage = std::make_shared<KvStorage>(std::move(source));
  for (const KvLayerShape& shape : layers) {
    Layer layer;
    layer.shape = shape;
    for (size_t h = 0; h < shape.kv_heads; ++h)
      layer.heads.push_back({HeadBlocks(format, shape.head_dim, *impl_->storage), {}});
    layer.views.resize(shape.kv_heads);
    impl_->layers.push_back(std::move(layer));
  }
  impl_->refresh_views();
}

KvCache::~KvCache() = default;
KvCache::KvCache(KvCache&&) noexcept = default;
KvCache& KvCache::operator=(KvCache&&) noexcept = default;

KvCache KvCache::fork() const {
  KvCache copy;
  copy.impl_ = std::make_unique<Impl>();
  Impl& to = *copy.impl_;
  to.format = impl_->format;
  to.storage = impl_->storage;
  to.tokens = impl_->tokens;
  to.coding = impl_->coding;
  for (const Layer& layer : impl_->layers) {
    Layer shared;
    shared.shape = layer.shape;
    shared.whole = layer.whole;
    for (const Head& head : layer.heads) {
      shared.heads.push_back({HeadBlocks(to.format, layer.shape.head_dim, *to.storage), {}});
      shared.heads.back().blocks.share(head.blocks);
      shared.heads.back().positions.assign(
          head.positions.begin(),
          head.positions.begin() +
              static_cast<ptrdiff_t>(std::min(head.positions.size(), head.blocks.slots())));
    }
    shared.views.resize(layer.heads.size());
    to.layers.push_back(std::move(shared));
  }
  to.refresh_views();
  return copy;
}

const KvFormat& KvCache::format() const { return impl_->format; }
size_t KvCache::layers() const { return impl_->layers.size(); }
const KvLayerShape& KvCache::shape(size_t layer) const { return impl_->layers[layer].shape; }
size_t KvCache::tokens() const { return impl_->tokens; }

std::span<const KvHeadView> KvCache::view(size_t layer) const {
  assert(layer < layers());
  return impl_->layers[layer].views;
}

size_t KvCache::bytes() const {
  size_t bytes = 0;
  for (const auto& [block_bytes, pool] : impl_->storage->pools) bytes += pool.bytes();
  return bytes;
}

size_t KvCache::bytes_in_memory() const { return impl_->storage->source.bytes_in_memory(); }
bool KvCache::has_file() const { return impl_->storage->source.has_file(); }
void KvCache::rest() const { impl_->storage->source.rest(); }

Status KvCache::reserve(size_t count) {
  Impl& impl = *impl_;
  const size_t column = impl.column_bytes();
  size_t most = 0;  // blocks that any head must have
  bool enough = true;
  impl.for_heads([&](Layer&, Head& head) {
    const size_t slots = head.blocks.slots();
    const size_t wanted = blocks_for(count + std::min(slots, SIZE_MAX - count));
    most = std::max(most, wanted);
    enough = enough && head.blocks.blocks() >= wanted;
  });
  const double bytes = static_cast<double>(most) * static_cast<double>(column);
  if (column == 0) return {};
  if (!enough && bytes > physical_memory() && !impl.storage->source.has_file())
    return out_of_memory(count, bytes);

  // In whole rows if there is memory for them, else as many as are wanted.
  for (const bool ahead : {true, false}) {
    try {
      impl.for_heads([&](Layer&, Head& head) {
        const size_t held = head.blocks.blocks();
        const size_t wanted = blocks_for(head.blocks.slots() + count);
        const size_t row = held + std::clamp(held / 8, kFewestInARow, kMostInARow);
        const bool in_rows =
            ahead && wanted > held && !impl.format.coded() && head.positions.empty();
        head.blocks.set_blocks(std::max({held, wanted, in_rows ? row : 0}));
        head.blocks.own_last();
      });
      impl.refresh_views();
      return {};
    } catch (const std::bad_alloc&) {
      impl.shrink();
    }
  }
  const std::string& why = impl.storage->source.why();
  return why.empty() ? out_of_memory(count, bytes) : Error{why};
}

void KvCache::write(ThreadPool& pool, size_t layer, ConstMatrix<float> keys,
                    ConstMatrix<float> values) {
  Impl& impl = *impl_;
  assert(layer < layers() && keys.rows == values.rows);
  impl.pending = keys.rows;
  Layer& target = impl.layers[layer];
  const size_t dim = target.shape.head_dim;
  assert(keys.cols == target.heads.size() * dim && values.cols == keys.cols);
  for (Head& head : target.heads) {
    if (target.whole) break;
    head.positions.resize(head.blocks.slots());
    for (size_t t = 0; t < keys.rows; ++t)
      head.positions.push_back({static_cast<int64_t>(impl.tokens + t)});
  }
  const auto write_half = [&](size_t task, size_t) {
    const size_t h = task / 2;
    const KvHalf half = task % 2 == 0 ? KvHalf::keys : KvHalf::values;
    const ConstMatrix<float> rows = half == KvHalf::keys ? keys : values;
    target.heads[h].blocks.write(half, rows.cols_at(h * dim, dim));
  };
  if (keys.rows < kParallelTokens) {
    for (size_t task = 0; task < 2 * target.heads.size(); ++task) write_half(task, 0);
  } else {
    pool.run(2 * target.heads.size(), write_half);
  }
}

void KvCache::commit(ThreadPool& pool, size_t count) {
  impl_->for_heads([&](Layer&, Head& head) { head.blocks.add_slots(count); });
  impl_->tokens += count;
  impl_->pending = 0;
  if (!impl_->coding || !impl_->format.coded()) return;
  impl_->code(pool, false);
  impl_->refresh_views();
}

void KvCache::set_coding(bool coding) { impl_->coding = coding; }

void KvCache::settle(ThreadPool& pool) {
  if (impl_->format.coded()) impl_->code(pool, true);
  impl_->refresh_views();
}

void KvCache::trim() {
  const auto trim_pools = [this] {
    for (auto& [bytes, pool] : impl_->storage->pools) pool.trim();
  };
  trim_pools();
  impl_->for_heads([](Layer&, Head& head) { head.blocks.move_down(); });
  impl_->refresh_views();
  trim_pools();
}

void KvCache::truncate(size_t count) {
  assert(count <= impl_->tokens);
  impl_->tokens = count;
  impl_->pending = 0;
  impl_->for_heads([&](Layer& layer, Head& head) {
    size_t slots = count;
    if (!layer.whole) {
      head.positions.resize(head.blocks.slots());
      const auto end = std::ranges::lower_bound(head.positions, static_cast<int64_t>(count), {},
                                                &Position::value);
      slots = static_cast<size_t>(end - head.positions.begin());
      head.positions.resize(slots);
    }
    head.blocks.truncate(slots);
  });
  if (count == 0)
    for (Layer& layer : impl_->layers) layer.whole = true;
  impl_->shrink();
}

size_t KvCache::slots(size_t layer, size_t kv_head) const {
  return impl_->layers[layer].heads[kv_head].blocks.slots();
}

std::span<const Position> KvCache::positions(size_t layer, size_t kv_head) const {
  const Layer& of = impl_->layers[layer];
  if (!of.whole) return of.heads[kv_head].positions;
  std::vector<Position>& identity = impl_->identity;
  const size_t count = of.heads[kv_head].blocks.slots() + impl_->pending;
  while (identity.size() < count) identity.push_back({static_cast<int64_t>(identity.size())});
  return {identity.data(), count};
}

bool KvCache::whole(size_t layer) const { return impl_->layers[layer].whole; }

void KvCache::keep(ThreadPool& pool, size_t layer, size_t kv_head,
                   std::span<const uint32_t> slots) {
  Layer& of = impl_->layers[layer];
  Head& head = of.heads[kv_head];
  if (slots.size() == head.blocks.slots()) return;
  if (of.whole) {
    for (size_t h = 0; h < of.heads.size(); ++h) {
      const std::span<const Position> all = positions(layer, h);
      of.heads[h].positions.assign(all.begin(), all.end());
    }
    of.whole = false;
  }
  std::vector<Position> positions;
  positions.reserve(slots.size());
  for (const uint32_t slot : slots) positions.push_back(head.positions[slot]);
  head.blocks.set_blocks(blocks_for(head.blocks.slots()));
  const size_t gathered = head.blocks.begin_keep(slots);
  pool.run(gathered, [&](size_t task, size_t) { head.blocks.gather(task); });
  head.blocks.end_keep();
  head.positions = std::move(positions);
  of.views[kv_head] = head.blocks.view();
}

void KvCache::read_keys(size_t layer, size_t kv_head, Matrix<float> rows) const {
  impl_->layers[layer].heads[kv_head].blocks.read(KvHalf::keys, 0, rows);
}

void KvCache::read_values(size_t layer, size_t kv_head, Matrix<float> rows) const {
  impl_->layers[layer].heads[kv_head].blocks.read(KvHalf::values, 0, rows);
}

size_t KvCache::blocks(size_t layer, size_t kv_head) const {
  return blocks_for(slots(layer, kv_head));
}

KvBlock KvCache::block(size_t layer, size_t kv_head, size_t index) const {
  const HeadBlocks& head = impl_->layers[layer].heads[kv_head].blocks;
  return {.keys = {head.block(KvHalf::keys, index), head.bytes(KvHalf::keys, index)},
          .values = {head.block(KvHalf::values, index), head.bytes(KvHalf::values, index)},
          .coded = head.is_coded(index)};
}

KvBlock KvCache::add_block(size_t layer, size_t kv_head, bool coded) {
  Head& head = impl_->layers[layer].heads[kv_head];
  head.blocks.add_block(coded);
  return block(layer, kv_head, head.blocks.blocks() - 1);
}

void KvCache::restore(size_t tokens, std::span<const std::vector<Position>> positions) {
  impl_->tokens = tokens;
  size_t at = 0;
  impl_->for_heads([&](Layer& layer, Head& head) {
    const std::vector<Position>* const own = positions.empty() ? nullptr : &positions[at++];
    const size_t slots = own == nullptr ? tokens : own->size();
    assert(blocks_for(slots) == head.blocks.blocks() && slots >= head.blocks.slots());
    head.blocks.add_slots(slots - head.blocks.slots());
    if (own == nullptr) return;
    head.positions = *own;
    layer.whole = false;
  });
  impl_->refresh_views();
}

}  // namespace fathom
