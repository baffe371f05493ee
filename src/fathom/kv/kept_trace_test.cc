// Lines of --kv-trace.
#include "fathom/kv/kept_trace.h"

#include <vector>

#include <gtest/gtest.h>

namespace fathom {
namespace {

TEST(KeptTrace, NamesRunsOfPositions) {
  const std::vector<Position> kept = {{0}, {1}, {2}, {7}, {9}, {10}};
  EXPECT_EQ(trace_line(11, 3, 1, kept),
            "{\"tokens\":11,\"layer\":3,\"head\":1,\"kept\":[[0,2],[7,7],[9,10]]}\n");
  EXPECT_EQ(trace_line(1, 0, 0, {}), "{\"tokens\":1,\"layer\":0,\"head\":0,\"kept\":[]}\n");
}

}  // namespace
}  // namespace fathom
