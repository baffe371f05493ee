// An order of keys in which those that a query sees lie side by side, so that sparse work becomes
// dense blocks.
//
// An order sorts some of the text's keys into lanes. Within a lane they keep the order of the text,
// and the lane is cut into blocks of kBlock. A query looks at one lane. Which lane a key is in, and
// where, depends on nothing after it, so that a lane only ever grows at its end.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "fathom/base/position.h"

namespace fathom {

class KeyOrder {
 public:
  struct Place {
    int64_t lane = 0;
    int64_t index = 0;  // how many keys of the lane stand before it
    bool operator==(const Place&) const = default;
  };
  struct Range {  // of indices in a lane
    int64_t begin = 0;
    int64_t end = 0;
  };

  virtual ~KeyOrder() = default;

  virtual int64_t lanes() const = 0;
  // Where a key lies. None: this order leaves it out.
  virtual std::optional<Place> place(Position key) const = 0;
  // Which key lies there; place() backwards.
  virtual Position key_at(Place place) const = 0;
  // How many of a lane's keys stand before `end`.
  virtual int64_t count(int64_t lane, Position end) const = 0;
  // The lane at which a query looks.
  virtual int64_t lane_of(Position query) const = 0;
  // At which of its lane's first `count` keys a query looks. From one query of a lane to the next,
  // neither end goes back.
  virtual Range window(Position /*query*/, int64_t count) const { return {0, count}; }
  // Equal names mean equal orders.
  virtual std::string name() const = 0;

  // Blocks are numbered so that lanes can grow: block b of a lane is block b * lanes() + lane of
  // the whole.
  int64_t block_number(int64_t lane, int64_t block) const { return block * lanes() + lane; }
};

using KeyOrderPtr = std::shared_ptr<const KeyOrder>;

}  // namespace fathom
