// The suite `patterns`: what each attention pattern costs on its way through a long text, beside
// full attention in the same run, and how that grows.
#pragma once

#include <string>
#include <vector>

#include "fathom/attention/pattern_map.h"
#include "fathom/base/result.h"
#include "fathom/bench/ceilings.h"
#include "fathom/bench/figure.h"

namespace fathom {

struct PatternsBench {
  std::vector<std::string> specs;  // of --attn, valid; each is one curve
  std::vector<size_t> lengths = {4096, 16384, 65536, 262144};
  size_t heads = 9;
  size_t kv_heads = 3;
  size_t head_dim = 64;
  size_t chunk = 512;  // tokens read at a time
};

// Every registered pattern but full attention, at everyday sizes.
std::vector<std::string> typical_specs();

// Reads texts of each length through one layer of attention, in chunks, under full attention and
// each pattern: milliseconds of appending, choosing, planning and attending; and of one token after
// it, as in decoding. `of_full` is the time divided by the scored pairs' share of full attention's.
// Then, a figure `growth` for each: the exponents of time and of pairs. Content is topic_rows.h's.
// Error: memory ran out.
Status bench_patterns(const BenchRun& run, const PatternsBench& bench, const FigureFn& each);

}  // namespace fathom
