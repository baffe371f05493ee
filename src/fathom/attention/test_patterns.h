// What tests of patterns share: the specifications that all of them run, and the comparison of a
// pattern with its definition.
#pragma once

#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "fathom/attention/spec.h"

namespace fathom {
namespace {

[[maybe_unused]] PatternPtr pattern_of(std::string_view spec, const Placement& placement = {}) {
  auto pattern = parse_pattern(spec, placement);
  EXPECT_TRUE(pattern.ok()) << pattern.error().message;
  return *pattern;
}

// Every registered pattern's examples, and a few compositions.
[[maybe_unused]] std::vector<std::string_view> all_specs() {
  std::vector<std::string_view> specs = {
      "strided(stride=7) | window(size=20)",
      "strided(stride=96) | sinks(count=3) | dilated(size=9, gap=5)",
      "window(size=100) & every(step=3)",
      "lsh(rounds=2, buckets=8, chunk=16) | window(size=20) | every(step=30)",
      "topk_blocks(block=16, keep=4) & strided(stride=3) | sinks",
      "window(size=70) & (strided(stride=2) | globals(at=[64, 65, 130]))",
      "(random(block=16) | fixed(block=48, summary=5)) & dilated(size=80, gap=2)",
  };
  for (const PatternPlugin* plugin : patterns::all())
    specs.insert(specs.end(), plugin->examples.begin(), plugin->examples.end());
  return specs;
}

// Those of them that are sets of keys.
[[maybe_unused]] std::vector<std::string_view> joinable_specs() {
  std::vector<std::string_view> specs = all_specs();
  for (const PatternPlugin* plugin : patterns::all())
    if (plugin->stands_alone)
      std::erase_if(specs, [&](std::string_view spec) { return spec.starts_with(plugin->name); });
  return specs;
}

// Holds the pattern to `sees(query, key)`, also of keys after the query.
template <class Sees>
void expect_definition(std::string_view spec, const Sees& sees, const Placement& placement = {}) {
  const PatternPtr pattern = pattern_of(spec, placement);
  for (int64_t q = 0; q < 200; ++q)
    for (int64_t k = 0; k < 200; ++k)
      ASSERT_EQ(pattern->sees({q}, {k}), sees(q, k)) << spec << ": query " << q << ", key " << k;
}

}  // namespace
}  // namespace fathom
