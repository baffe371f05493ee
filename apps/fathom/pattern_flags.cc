#include "pattern_flags.h"

#include <algorithm>
#include <cctype>

namespace fathom {
namespace {

constexpr int64_t kMostDrawn = 16'384;  // tokens: a full grid has 134 million pairs

// The specification as it was given, on one line, and which head it is for.
std::string title_of(const PatternFlags& flags) {
  std::string title = flags.spec;
  std::ranges::replace_if(title, [](unsigned char c) { return std::isspace(c) != 0; }, ' ');
  const Placement& at = flags.placement;
  if (at.layer == 0 && at.heads == 1) return title;
  return title + ", layer " + std::to_string(at.layer) + ", head " + std::to_string(at.head) +
         " of " + std::to_string(at.heads);
}

}  // namespace

Status check_tokens(int64_t tokens, const PatternFlags& flags) {
  if (flags.count || tokens <= kMostDrawn) return {};
  return Error{"--tokens " + std::to_string(tokens) + ": at most " + std::to_string(kMostDrawn) +
               " are listed or drawn; --count counts the pairs of more"};
}

PatternReportOptions report_options(const PatternFlags& flags, const Pattern& pattern,
                                    int64_t tokens) {
  return {.title = title_of(flags),
          .spec = pattern.spec(),
          .layer = flags.placement.layer,
          .head = flags.placement.head,
          .tokens = tokens,
          .causal = !flags.bidirectional,
          .json = flags.json,
          .count = flags.count,
          .svg = flags.svg};
}

}  // namespace fathom
