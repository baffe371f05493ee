// What --kv-trace writes: one line of JSON each time a head dropped tokens.
//
//   {"tokens":1024,"layer":3,"head":0,"kept":[[0,3],[97,97],[512,1023]]}
//
// `tokens`: of the text so far. `kept`: runs of positions, first and last.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "fathom/base/position.h"

namespace fathom {

std::string trace_line(size_t tokens, size_t layer, size_t kv_head, std::span<const Position> kept);

}  // namespace fathom
