// The key blocks of an attention item, as its loop reads them: plain ones as they lie, coded ones
// (coded_block.h) folded or decoded.
//
// Few rows fold (attend_fold.h): a block's codes are read once, and never written. For many, a
// block is decoded (attend_decode.h) when its turn comes, into panels in scratch. Values wait for
// their tile to be added (attend_impl.h) while the next span's are decoded, so there are two places
// for them.
//
// Included by attend_impl.h alone.
#pragma once

#include "fathom/kernels/attend_decode.h"
#include "fathom/kernels/attend_fold.h"
#include "fathom/kernels/attend_scan.h"

namespace fathom {
namespace {

inline constexpr size_t kSpan = 2;  // key blocks taken at once

struct AttendBlock {
  const std::byte* keys = nullptr;
  const std::byte* values = nullptr;
  const uint64_t* mask = nullptr;  // a row per query, or null: every pair is scored
  const float* biases = nullptr;   // [kBlock], or null
  bool coded = false;
  // Bits of the codes that are folded; 0: they are plain panels.
  int key_bits = 0;
  int value_bits = 0;
};

struct AttendSpan {
  AttendBlock blocks[kSpan];
  size_t count = 0;
  size_t index = 0;  // of the first, among those whose means were taken together
};

template <class Vec, class Op, class Scores>
class BlockReader {
  using Right = typename Op::Right;
  using Decoder = PanelDecoder<Vec, Op>;
  enum class Reading : unsigned char { plain, folded, decoded };

 public:
  // `memory`: attend_coded_floats(head_dim) floats, if the item has coded blocks.
  BlockReader(const AttendItem& item, bool few_rows, float* memory)
      : item_(item),
        dim_(item.head_dim),
        decoder_(dim_),
        keys_(Scores::kCodes ? reading(item.key_type, few_rows) : Reading::plain),
        values_(reading(item.value_type, few_rows)),
        folded_(few_rows ? item.rows : 0, dim_, memory),
        panels_(reinterpret_cast<Right*>(memory + attend_fold_floats(dim_))) {
    if (item.coded == nullptr || keys_ != Reading::folded) return;
    for (size_t r = 0; r < item.rows; ++r) folded_.fill(r, item.queries[r], item.scale);
  }

  AttendBlock at(const KeyRun& run, size_t block) const {
    return {.keys = item_.key_blocks[block],
            .values = item_.value_blocks[block],
            .mask = run.mask == KeyRun::kFull ? nullptr : item_.masks + run.mask * kBlock,
            .biases = item_.biases == nullptr ? nullptr : item_.biases[block],
            .coded = item_.coded != nullptr && item_.coded[block] != 0};
  }

  size_t key_bytes(const AttendBlock& block) const {
    return block.coded && keys_ != Reading::plain ? coded_bytes(item_.key_type, dim_, dim_)
                                                  : Scores::block_bytes(dim_);
  }
  size_t value_bytes(const AttendBlock& block) const {
    return block.coded && values_ != Reading::plain
               ? coded_bytes(item_.value_type, dim_, (dim_ + 63) / 64 * kBlock)
               : kBlock * dim_ * sizeof(Right);
  }

  // Makes the span's blocks ready to be multiplied, its values in a place other than `busy`, of 2.
  // Returns their place.
  size_t prepare(AttendSpan& span, size_t busy) {
    for (size_t b = 0; b < span.count; ++b)
      if (span.blocks[b].coded) prepare(span.blocks[b], b, 1 - busy);
    return 1 - busy;
  }

  const FoldedRows<Vec, Op>& folded() const { return folded_; }

 private:
  static Reading reading(KvType type, bool few_rows) {
    if (type == Decoder::kPlain) return Reading::plain;
    return few_rows && Op::kPack == 2 && has_scales(type) ? Reading::folded : Reading::decoded;
  }

  void prepare(AttendBlock& block, size_t b, size_t place) {
    if (keys_ == Reading::folded) {
      block.key_bits = static_cast<int>(code_bits(item_.key_type));
      const CodedPanel panel = coded_keys(item_.key_type, dim_, block.keys);
      if (block.key_bits == 4) {
        folded_.template fold<4>(panel);
      } else {
        folded_.template fold<8>(panel);
      }
    } else if (keys_ == Reading::decoded) {
      Right* const panel = panels_ + b * kBlock * dim_;
      decoder_.keys(item_.key_type, block.keys, panel);
      block.keys = reinterpret_cast<const std::byte*>(panel);
    }
    if (values_ == Reading::folded) {
      block.value_bits = static_cast<int>(code_bits(item_.value_type));
    } else if (values_ == Reading::decoded) {
      Right* const panel = panels_ + (kSpan * (1 + place) + b) * kBlock * dim_;
      decoder_.values(item_.value_type, block.values, panel);
      block.values = reinterpret_cast<const std::byte*>(panel);
    }
  }

  const AttendItem& item_;
  const size_t dim_;
  const Decoder decoder_;
  const Reading keys_;
  const Reading values_;
  FoldedRows<Vec, Op> folded_;
  Right* const panels_;  // [kSpan] of keys, [2][kSpan] of values
};

}  // namespace
}  // namespace fathom
