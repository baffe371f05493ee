#include "fathom/kv/head_blocks.h"

#include <algorithm>
#include <cassert>
#include <new>
#include <utility>

#include "fathom/kernels/byte_keys.h"

namespace fathom {
namespace {

constexpr size_t kNone = SIZE_MAX;
constexpr size_t kMostDim = 256;

}  // namespace

HeadBlocks::HeadBlocks(const KvFormat& format, size_t head_dim, KvStorage& storage)
    : format_(format),
      dim_(head_dim),
      sources_{BlockSource(KvHalf::keys, format, head_dim, storage),
               BlockSource(KvHalf::values, format, head_dim, storage)},
      exact_keys_(format.operand == Operand::int8 ? kBlock * head_dim : 0),
      exact_block_(kNone) {}

void HeadBlocks::share(const HeadBlocks& other) {
  assert(blocks() == 0);
  const size_t count = (other.slots_ + kBlock - 1) / kBlock;
  for (const KvHalf half : kHalves) {
    list(half).assign(other.list(half).begin(),
                      other.list(half).begin() + static_cast<ptrdiff_t>(count));
    for (size_t b = 0; b < count; ++b) source(half).share(list(half)[b], other.is_coded(b));
  }
  coded_.assign(other.coded_.begin(), other.coded_.begin() + static_cast<ptrdiff_t>(count));
  slots_ = other.slots_;
  exact_keys_ = other.exact_keys_;
  exact_block_ = other.exact_block_;
}

KvHeadView HeadBlocks::view() const {
  return {.key_blocks = list(KvHalf::keys).data(),
          .value_blocks = list(KvHalf::values).data(),
          .coded = format_.coded() ? coded_.data() : nullptr,
          .key_type = format_.keys,
          .value_type = format_.values};
}

void HeadBlocks::set_blocks(size_t count) {
  // First the room in the lists, so that no block is lost when there is none.
  if (count > coded_.capacity()) {
    const size_t room = std::max(count, 2 * coded_.capacity());
    for (const KvHalf half : kHalves) list(half).reserve(room);
    coded_.reserve(room);
  }
  while (blocks() < count) add_block(false);
  while (blocks() > count) drop_last();
}

void HeadBlocks::own_last() {
  if (slots_ % kBlock != 0) own(slots_ / kBlock);
}

void HeadBlocks::move_down() {
  for (size_t block = 0; block < blocks(); ++block)
    for (const KvHalf half : kHalves)
      if (!is_coded(block)) list(half)[block] = source(half).move_down(list(half)[block]);
}

void HeadBlocks::add_block(bool coded) {
  std::byte* const keys = source(KvHalf::keys).take(coded);
  std::byte* values = nullptr;
  try {
    values = source(KvHalf::values).take(coded);
    for (const KvHalf half : kHalves) list(half).reserve(blocks() + 1);
    coded_.push_back(coded ? 1 : 0);
  } catch (const std::bad_alloc&) {
    source(KvHalf::keys).give_back(keys, coded);
    if (values != nullptr) source(KvHalf::values).give_back(values, coded);
    throw;
  }
  list(KvHalf::keys).push_back(keys);
  list(KvHalf::values).push_back(values);
}

void HeadBlocks::drop_last() {
  for (const KvHalf half : kHalves) {
    source(half).give_back(list(half).back(), is_coded(blocks() - 1));
    list(half).pop_back();
  }
  coded_.pop_back();
}

// Makes a plain block this head's alone.
void HeadBlocks::own(size_t block) {
  for (const KvHalf half : kHalves) {
    std::byte*& held = list(half)[block];
    if (!source(half).is_shared(held, false)) continue;
    std::byte* const copy = source(half).take(false);
    std::copy_n(held, source(half).bytes(false), copy);
    source(half).give_back(held, false);
    held = copy;
  }
}

void HeadBlocks::write(KvHalf half, ConstMatrix<float> rows) {
  for (size_t row = 0; row < rows.rows;) {
    const size_t block = (slots_ + row) / kBlock;
    const size_t slot = (slots_ + row) % kBlock;
    const size_t count = std::min(kBlock - slot, rows.rows - row);
    assert(block < blocks() && !is_coded(block));
    if (source(half).holds_byte_keys()) {
      write_byte_keys(rows.rows_at(row, count), block, slot);
    } else {
      source(half).pack(rows.rows_at(row, count), slot, list(half)[block]);
    }
    row += count;
  }
}

void HeadBlocks::write_byte_keys(ConstMatrix<float> rows, size_t block, size_t slot) {
  std::byte* const packed = list(KvHalf::keys)[block];
  if (slot > 0 && exact_block_ != block)  // another block's were kept since
    unpack_byte_keys(packed, {exact_keys_.data(), slot, dim_});
  for (size_t t = 0; t < rows.rows; ++t)
    std::copy_n(rows.row(t), dim_, exact_keys_.data() + (slot + t) * dim_);
  exact_block_ = block;
  const size_t end = slot + rows.rows;
  if (slot == 0 || end == kBlock) {
    pack_byte_keys({exact_keys_.data(), end, dim_}, packed);
  } else {
    source(KvHalf::keys).pack(rows, slot, packed);
  }
}

bool HeadBlocks::begin_coding(bool moved) {
  assert(coding_.empty());
  const size_t whole = slots_ / kBlock;
  size_t first = moved ? 1 : whole;
  while (first > 1 && !is_coded(first - 1)) --first;
  try {
    for (size_t block = first; block < whole; ++block) {
      if (is_coded(block)) continue;
      coding_.push_back(block);
      for (const KvHalf half : kHalves) {
        into_[static_cast<size_t>(half)].push_back(nullptr);
        std::byte*& into = into_[static_cast<size_t>(half)].back();
        into = source(half).codes() ? source(half).take(true) : list(half)[block];
      }
    }
  } catch (const std::bad_alloc&) {
    for (const KvHalf half : kHalves) {
      for (std::byte* const into : into_[static_cast<size_t>(half)])
        if (into != nullptr && source(half).codes()) source(half).give_back(into, true);
      into_[static_cast<size_t>(half)].clear();
    }
    coding_.clear();
  }
  return !coding_.empty();
}

void HeadBlocks::code(KvHalf half) {
  if (!source(half).codes()) return;
  alignas(64) float values[kBlock * kMostDim];
  const Matrix<float> rows(values, kBlock, dim_);
  for (size_t i = 0; i < coding_.size(); ++i) {
    source(half).unpack(list(half)[coding_[i]], false, 0, rows);
    source(half).encode(rows, into_[static_cast<size_t>(half)][i]);
  }
}

void HeadBlocks::end_coding() {
  for (const KvHalf half : kHalves) {
    List& into = into_[static_cast<size_t>(half)];
    for (size_t i = 0; i < coding_.size(); ++i) {
      std::byte*& held = list(half)[coding_[i]];
      if (held != into[i]) source(half).give_back(std::exchange(held, into[i]), false);
    }
    into.clear();
  }
  for (const size_t block : coding_) coded_[block] = 1;
  coding_.clear();
}

void HeadBlocks::truncate(size_t count) {
  assert(count <= slots_);
  slots_ = count;
  const size_t last = count / kBlock;
  while (blocks() > (count + kBlock - 1) / kBlock) drop_last();
  for (const KvHalf half : kHalves)
    if (count == 0) source(half).give_back_row();
  if (count % kBlock == 0) return;
  if (is_coded(last)) {
    make_plain(last, count % kBlock);
  } else {
    own(last);
    clear_tail();
  }
}

// Decodes the first `count` slots of a coded block, to which more will be written.
void HeadBlocks::make_plain(size_t block, size_t count) {
  std::vector<float> values(count * dim_);
  const Matrix<float> rows(values.data(), count, dim_);
  std::array<std::byte*, 2> plain = {source(KvHalf::keys).take(false), nullptr};
  try {
    plain[1] = source(KvHalf::values).take(false);
  } catch (const std::bad_alloc&) {
    source(KvHalf::keys).give_back(plain[0], false);
    throw;
  }
  for (const KvHalf half : kHalves) {
    std::byte* const into = plain[static_cast<size_t>(half)];
    source(half).unpack(list(half)[block], true, 0, rows);
    source(half).pack(rows, 0, into);
    source(half).give_back(std::exchange(list(half)[block], into), true);
  }
  coded_[block] = 0;
  exact_block_ = kNone;
}

// Zeroes what the last block holds past the slots: a product with a slot that nobody sees must be
// finite, whatever was written there.
void HeadBlocks::clear_tail() {
  const size_t last = slots_ / kBlock;
  const size_t slot = slots_ % kBlock;
  const std::vector<float> zeros((kBlock - slot) * dim_);
  const ConstMatrix<float> rows(zeros.data(), kBlock - slot, dim_);
  source(KvHalf::values).pack(rows, slot, list(KvHalf::values)[last]);
  if (!source(KvHalf::keys).holds_byte_keys())
    return source(KvHalf::keys).pack(rows, slot, list(KvHalf::keys)[last]);
  const Matrix<float> kept(exact_keys_.data(), slot, dim_);
  if (exact_block_ != last) unpack_byte_keys(list(KvHalf::keys)[last], kept);
  exact_block_ = last;
  pack_byte_keys(kept, list(KvHalf::keys)[last]);
}

size_t HeadBlocks::begin_keep(std::span<const uint32_t> slots) {
  assert(slots.empty() || slots.back() < slots_);
  Keeping to;
  to.slots = slots.size();
  to.moved.resize(blocks());
  try {
    for (size_t at = 0; at < slots.size(); at += kBlock) {
      const auto part = slots.subspan(at, std::min(kBlock, slots.size() - at));
      const size_t from = part.front() / kBlock;
      const bool as_it_is = part.front() % kBlock == 0 &&
                            part.back() - part.front() + 1 == part.size() &&
                            (part.size() == kBlock || part.back() + 1 == slots_);
      if (as_it_is) to.moved[from] = true;
      // Of the last block, if it was taken over as it is, the exact keys are still those.
      if (as_it_is && from == exact_block_ && part.back() + 1 == slots_)
        to.exact_block = to.coded.size();
      // What was coded stays so, so that nothing grows while it moves.
      const bool coded = is_coded(from) && (as_it_is || part.size() == kBlock);
      to.coded.push_back(coded ? 1 : 0);
      for (const KvHalf half : kHalves) {
        List& list = to.lists[static_cast<size_t>(half)];
        list.push_back(this->list(half)[from]);
        if (as_it_is) continue;
        to.gathered.push_back({half, nullptr, coded, part});
        to.gathered.back().block = list.back() = source(half).take(coded);
      }
    }
  } catch (const std::bad_alloc&) {
    for (const Gathered& each : to.gathered)
      if (each.block != nullptr) source(each.half).give_back(each.block, each.coded);
    throw;
  }
  keeping_ = std::move(to);
  return keeping_.gathered.size();
}

void HeadBlocks::end_keep() {
  for (size_t block = 0; block < blocks(); ++block) {
    if (keeping_.moved[block]) continue;
    for (const KvHalf half : kHalves) source(half).give_back(list(half)[block], is_coded(block));
  }
  slots_ = keeping_.slots;
  lists_ = std::move(keeping_.lists);
  coded_ = std::move(keeping_.coded);
  exact_block_ = keeping_.exact_block;
  keeping_ = {};
}

void HeadBlocks::gather(size_t index) const {
  const auto& [half, block, coded, slots] = keeping_.gathered[index];
  alignas(64) float gathered[kBlock * kMostDim];
  size_t next = 0;
  while (next < slots.size()) {  // rows that lie side by side
    const size_t first = slots[next];
    const size_t most = std::min(kBlock - first % kBlock, slots.size() - next);
    size_t count = 1;
    while (count < most && slots[next + count] == first + count) ++count;
    source(half).unpack(list(half)[first / kBlock], is_coded(first / kBlock), first % kBlock,
                        {gathered + next * dim_, count, dim_});
    next += count;
  }
  const ConstMatrix<float> kept(gathered, slots.size(), dim_);
  if (coded) {
    source(half).encode(kept, block);
  } else {
    source(half).pack(kept, 0, block);
  }
}

void HeadBlocks::read(KvHalf half, size_t slot, Matrix<float> rows) const {
  for (size_t row = 0; row < rows.rows;) {
    const size_t block = (slot + row) / kBlock;
    const size_t first = (slot + row) % kBlock;
    const size_t count = std::min(kBlock - first, rows.rows - row);
    source(half).unpack(list(half)[block], is_coded(block), first, rows.rows_at(row, count));
    row += count;
  }
}

}  // namespace fathom
