// The keys of one KV head sorted into buckets by one hash: an order of keys by content.
//
// A bucket's keys, in the order of the text, are cut into chunks. A query looks at one bucket: at
// the chunk that its newest key so far is in, and the chunk before. Of a bucket only those keys are
// held in order that queries of the call at hand, or later ones, may see.
#pragma once

#include <cstdint>
#include <vector>

#include "fathom/attention/key_order.h"

namespace fathom {

// Which bucket, and which chunk of it, as one number: chunk * buckets + bucket. A query sees the
// keys of its own code, and of the one of the chunk before.
using BucketCode = uint32_t;

class KeyBuckets {
 public:
  KeyBuckets(uint32_t buckets, int64_t chunk) : chunk_(chunk), lanes_(buckets) {}

  uint32_t buckets() const { return static_cast<uint32_t>(lanes_.size()); }
  int64_t chunk() const { return chunk_; }

  // Lets go of the keys that no query after those appended can see.
  void forget();
  // Appends the next key of the text, and tells its place.
  KeyOrder::Place append(uint32_t bucket);

  // Of every key so far.
  const std::vector<BucketCode>& codes() const { return codes_; }
  BucketCode code_of(KeyOrder::Place place) const {
    return static_cast<BucketCode>(place.index / chunk_) * buckets() +
           static_cast<BucketCode>(place.lane);
  }

  // The index of the first key of a bucket that is held, a multiple of kBlock.
  int64_t held_from(int64_t bucket) const { return lane(bucket).first; }
  // How many keys of a bucket stand before `end`, if all later ones are held.
  int64_t count(int64_t bucket, Position end) const;
  Position key_at(KeyOrder::Place place) const;  // it must be held

 private:
  struct Lane {
    int64_t first = 0;           // index of the first key that is held
    std::vector<Position> keys;  // those held
    int64_t end() const { return first + static_cast<int64_t>(keys.size()); }
  };
  const Lane& lane(int64_t bucket) const { return lanes_[static_cast<size_t>(bucket)]; }

  int64_t chunk_;  // keys
  std::vector<Lane> lanes_;
  std::vector<BucketCode> codes_;
};

}  // namespace fathom
