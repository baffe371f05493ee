#include "fathom/kernels/attend_sequence.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

namespace fathom {

AttendSequence::AttendSequence(const AttendArgs& args, size_t arena)
    : args_(args), heads_(args.queries.cols / args.head_dim) {
  std::vector<size_t> parts_of_head(heads_);
  std::vector<bool> whole(heads_, true);
  for (const AttendPart& part : args.parts) {
    assert(part.plan->queries == queries() && part.head + part.heads <= heads_);
    for (size_t h = part.head; h < part.head + part.heads; ++h) {
      ++parts_of_head[h];
      whole[h] = part.plan->order.empty() || part.plan->order.size() == queries();
    }
  }
  place_.assign(args.parts.size() * heads_, kNowhere);
  for (size_t h = 0; h < heads_; ++h) {
    if (parts_of_head[h] == 1 && whole[h]) continue;
    shared_.push_back(h);
    for (size_t p = 0; p < args.parts.size(); ++p) {
      if (h < args.parts[p].head || h >= args.parts[p].head + args.parts[p].heads) continue;
      place_[p * heads_ + h] = arena;
      arena += partial_floats(queries(), args.head_dim);
    }
  }
  end_ = arena;
}

void AttendSequence::clear(float* arena) const {
  for (const size_t place : place_)
    if (place != kNowhere) std::fill_n(rows(arena + place).sum, queries(), 0.0f);
}

void AttendSequence::take(const AttendPart& part, size_t query, size_t head,
                          const PartialRows& from, size_t row, float* arena) const {
  const size_t place = place_[static_cast<size_t>(&part - args_.parts.data()) * heads_ + head];
  if (place == kNowhere) return write(from, row, query, head);
  const PartialRows to = rows(arena + place);
  std::copy_n(from.out.row(row), args_.head_dim, to.out.row(query));
  to.exponent[query] = from.exponent[row];
  to.sum[query] = from.sum[row];
}

void AttendSequence::merge_block(size_t block, float* arena) const {
  const size_t first = block * kBlock;
  const size_t count = std::min(kBlock, queries() - first);
  for (const size_t head : shared_) {
    PartialRows whole;
    for (size_t p = 0; p < args_.parts.size(); ++p) {
      const size_t place = place_[p * heads_ + head];
      if (place == kNowhere) continue;
      const PartialRows all = rows(arena + place);
      const PartialRows part{all.out.rows_at(first, count), all.exponent + first, all.sum + first};
      if (whole.sum == nullptr) {
        whole = part;
      } else {
        merge(part, whole);
      }
    }
    for (size_t i = 0; i < count; ++i) write(whole, i, first + i, head);
  }
}

// `from` may have no rows at all: a head of no parts.
void AttendSequence::write(const PartialRows& from, size_t row, size_t query, size_t head) const {
  float* const out = args_.out.row(query) + head * args_.head_dim;
  const bool empty = from.sum == nullptr || from.sum[row] == 0;
  if (empty) {
    std::fill_n(out, args_.head_dim, 0.0f);
  } else {
    normalise(from, row, out);
  }
  if (args_.log_sums.data == nullptr) return;
  args_.log_sums.row(query)[head] = empty ? -std::numeric_limits<float>::infinity()
                                          : from.exponent[row] + std::log2(from.sum[row]);
}

}  // namespace fathom
