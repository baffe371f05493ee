// Orders that positions settle.
#pragma once

#include <cstdint>
#include <vector>

#include "fathom/attention/key_order.h"

namespace fathom {

// Every key whose position is the query's modulo `period`: a lane for each residue.
KeyOrderPtr residue_lanes(int64_t period);

// The keys whose position modulo `period` is in [first, first + count), in one lane.
KeyOrderPtr residue_subset(int64_t period, int64_t first, int64_t count);

// The keys at these positions, which rise, in one lane.
KeyOrderPtr listed_keys(std::vector<int64_t> at);

// Whether a copy of a text of up to `context` tokens in so many lanes is worth its memory: each
// lane begins a block of its own, and with more lanes than blocks most would stay empty.
bool worth_lanes(int64_t lanes, int64_t context);

}  // namespace fathom
