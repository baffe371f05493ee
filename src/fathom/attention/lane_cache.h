// One layer's keys and values copied into another order (key_order.h), in blocks as attend() reads
// them.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "fathom/attention/key_order.h"
#include "fathom/base/block_pool.h"
#include "fathom/base/matrix.h"
#include "fathom/base/thread_pool.h"
#include "fathom/kernels/attend.h"
#include "fathom/kernels/compute.h"

namespace fathom {

class LaneCache {
 public:
  using Places = std::span<const std::optional<KeyOrder::Place>>;

  // `lanes`: of the order. Keys in 8 bits are copied in bf16: their block's mean would be that of
  // another block's keys.
  LaneCache(size_t lanes, size_t kv_heads, size_t head_dim, Operand operand);

  // Row i of keys and values, [n, kv_heads * head_dim], goes to places[i], or nowhere. Places of a
  // lane come in order. Where biases are given, key i counts for 2^biases[i] keys; they are given
  // always or never. Throws std::bad_alloc.
  void append(ThreadPool& pool, Places places, ConstMatrix<float> keys, ConstMatrix<float> values,
              std::span<const float> biases = {});
  // The same with places of its own for each KV head.
  void append(ThreadPool& pool, std::span<const Places> places_of_head, ConstMatrix<float> keys,
              ConstMatrix<float> values);

  // Gives back the blocks that hold only keys of the lane before index `before`, which no plan may
  // name from then on.
  void forget(size_t kv_head, int64_t lane, int64_t before);

  // Valid until the next append(). Blocks are numbered as KeyOrder::block_number() says.
  KvHeadView view(size_t kv_head) const;
  Operand operand() const { return operand_; }
  size_t bytes() const;

 private:
  struct Head {
    std::vector<std::byte*> keys, values;  // by block number; null: no such block yet
  };
  size_t block_of(KeyOrder::Place place) const {
    return static_cast<size_t>(place.index) / kBlock * lanes_ + static_cast<size_t>(place.lane);
  }
  static size_t slot_of(KeyOrder::Place place) { return static_cast<size_t>(place.index) % kBlock; }
  void make_room(Head& head, Places places);
  void write_biases(Places places, std::span<const float> biases);
  void write_keys(std::span<std::byte* const> blocks, Places places, ConstMatrix<float> rows) const;
  void write_values(std::span<std::byte* const> blocks, Places places,
                    ConstMatrix<float> rows) const;

  size_t lanes_, head_dim_;
  Operand operand_;
  BlockPool key_pool_, value_pool_;
  std::vector<Head> heads_;
  std::vector<std::vector<float>> bias_blocks_;  // by block
  std::vector<const float*> biases_;             // empty: there are none
};

}  // namespace fathom
