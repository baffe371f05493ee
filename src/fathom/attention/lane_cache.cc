#include "fathom/attention/lane_cache.h"

#include <algorithm>
#include <cassert>

#include "fathom/kernels/panel.h"

namespace fathom {
namespace {

constexpr size_t kParallelTokens = 16;  // of fewer, the other cores join too late

// Every layer has copies of its own, many of them small.
constexpr size_t kFirstSlab = size_t{256} << 10;

Operand copied(Operand operand) { return operand == Operand::int8 ? Operand::bf16 : operand; }

}  // namespace

LaneCache::LaneCache(size_t lanes, size_t kv_heads, size_t head_dim, Operand operand)
    : lanes_(lanes),
      head_dim_(head_dim),
      operand_(copied(operand)),
      key_pool_(key_block_bytes(operand_, head_dim), kFirstSlab),
      value_pool_(value_block_bytes(operand_, head_dim), kFirstSlab),
      heads_(kv_heads) {}

void LaneCache::append(ThreadPool& pool, Places places, ConstMatrix<float> keys,
                       ConstMatrix<float> values, std::span<const float> biases) {
  assert(biases.empty() || biases.size() == places.size());
  write_biases(places, biases);
  append(pool, std::vector<Places>(heads_.size(), places), keys, values);
}

void LaneCache::append(ThreadPool& pool, std::span<const Places> places_of_head,
                       ConstMatrix<float> keys, ConstMatrix<float> values) {
  assert(places_of_head.size() == heads_.size());
  for (size_t h = 0; h < heads_.size(); ++h) make_room(heads_[h], places_of_head[h]);
  const auto write_half = [&](size_t task, size_t) {
    const size_t head = task / 2;
    const size_t column = head * head_dim_;
    if (task % 2 == 0) {
      write_keys(heads_[head].keys, places_of_head[head], keys.cols_at(column, head_dim_));
    } else {
      write_values(heads_[head].values, places_of_head[head], values.cols_at(column, head_dim_));
    }
  };
  if (keys.rows < kParallelTokens) {
    for (size_t task = 0; task < 2 * heads_.size(); ++task) write_half(task, 0);
  } else {
    pool.run(2 * heads_.size(), write_half);
  }
}

void LaneCache::make_room(Head& head, Places places) {
  size_t blocks = head.keys.size();
  for (const auto& place : places)
    if (place) blocks = std::max(blocks, block_of(*place) + 1);
  head.keys.resize(blocks);
  head.values.resize(blocks);
  for (const auto& place : places) {
    if (!place) continue;
    const size_t block = block_of(*place);
    if (head.keys[block] == nullptr) head.keys[block] = key_pool_.take();
    if (head.values[block] == nullptr) head.values[block] = value_pool_.take();
  }
}

void LaneCache::forget(size_t kv_head, int64_t lane, int64_t before) {
  Head& head = heads_[kv_head];
  // From the last one back: what lies before a block that was given back was, too.
  for (int64_t index = before - int64_t{kBlock}; index >= 0; index -= int64_t{kBlock}) {
    const size_t block = block_of({lane, index});
    if (block >= head.keys.size() || head.keys[block] == nullptr) return;
    key_pool_.give_back(head.keys[block]);
    value_pool_.give_back(head.values[block]);
    head.keys[block] = head.values[block] = nullptr;
  }
}

void LaneCache::write_biases(Places places, std::span<const float> biases) {
  for (size_t i = 0; i < biases.size(); ++i) {
    const std::optional<KeyOrder::Place>& place = places[i];
    if (!place) continue;
    const size_t block = block_of(*place);
    if (block >= biases_.size()) {
      bias_blocks_.resize(block + 1);
      biases_.resize(block + 1);
    }
    if (bias_blocks_[block].empty()) {
      bias_blocks_[block].resize(kBlock);
      biases_[block] = bias_blocks_[block].data();
    }
    bias_blocks_[block][slot_of(*place)] = biases[i];
  }
}

void LaneCache::write_keys(std::span<std::byte* const> blocks, Places places,
                           ConstMatrix<float> rows) const {
  for (size_t i = 0; i < places.size(); ++i) {
    const std::optional<KeyOrder::Place>& place = places[i];
    if (place) pack_keys(operand_, rows.rows_at(i, 1), slot_of(*place), blocks[block_of(*place)]);
  }
}

void LaneCache::write_values(std::span<std::byte* const> blocks, Places places,
                             ConstMatrix<float> rows) const {
  for (size_t i = 0; i < places.size(); ++i) {
    const std::optional<KeyOrder::Place>& place = places[i];
    if (place) pack_values(operand_, rows.rows_at(i, 1), slot_of(*place), blocks[block_of(*place)]);
  }
}

KvHeadView LaneCache::view(size_t kv_head) const {
  return {.key_blocks = heads_[kv_head].keys.data(),
          .value_blocks = heads_[kv_head].values.data(),
          .biases = biases_.empty() ? nullptr : biases_.data()};
}

size_t LaneCache::bytes() const {
  size_t biased = 0;
  for (const auto& block : bias_blocks_) biased += block.size() * sizeof(float);
  return key_pool_.bytes() + value_pool_.bytes() + biased;
}

}  // namespace fathom
