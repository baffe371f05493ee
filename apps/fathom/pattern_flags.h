// What `fathom pattern` is asked for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "fathom/attention/pattern.h"
#include "fathom/base/result.h"
#include "pattern_report.h"

namespace fathom {

struct PatternFlags {
  std::string spec;
  std::optional<int64_t> tokens;
  Placement placement;
  bool bidirectional = false;
  bool json = false;
  bool count = false;
  std::string svg;
  std::string model;  // empty: no text is read
  std::string file;
  size_t chunk = 512;  // tokens of the text read at a time
};

// Of --tokens, or of the text that has so many. Error: they are too many to be drawn or listed.
Status check_tokens(int64_t tokens, const PatternFlags& flags);

// What to tell of a pattern at flags.placement.
PatternReportOptions report_options(const PatternFlags& flags, const Pattern& pattern,
                                    int64_t tokens);

}  // namespace fathom
