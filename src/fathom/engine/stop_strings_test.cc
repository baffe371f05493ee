#include "fathom/engine/stop_strings.h"

#include <gtest/gtest.h>

namespace fathom {
namespace {

// Feeds `text` in pieces of `size` bytes and returns all that was let through.
std::string stream(std::vector<std::string> stops, std::string_view text, size_t size) {
  StopStrings stop(std::move(stops));
  std::string out;
  for (size_t i = 0; i < text.size() && !stop.found(); i += size)
    out += stop.push(text.substr(i, size));
  if (!stop.found()) out += stop.finish();
  return out;
}

TEST(StopStrings, EndsBeforeTheFirstWhateverThePieces) {
  for (size_t size = 1; size < 20; ++size) {
    EXPECT_EQ(stream({"END"}, "abc END def", size), "abc ");
    EXPECT_EQ(stream({"b", "c d"}, "xyc d b", size), "xy");
    EXPECT_EQ(stream({"aab"}, "aaaab", size), "aa");
    EXPECT_EQ(stream({"END"}, "abc EN", size), "abc EN");
    EXPECT_EQ(stream({}, "abc", size), "abc");
    EXPECT_EQ(stream({""}, "abc", size), "abc");
    EXPECT_EQ(stream({"abc"}, "abc", size), "");
  }
}

TEST(StopStrings, HoldsBackOnlyWhatMayBeginAStopString) {
  StopStrings stop({"\n\n"});
  EXPECT_EQ(stop.push("line\n"), "line");
  EXPECT_EQ(stop.push("next"), "\nnext");
  EXPECT_EQ(stop.push("\n"), "");
  EXPECT_FALSE(stop.found());
  EXPECT_EQ(stop.push("\nrest"), "");
  EXPECT_TRUE(stop.found());
}

}  // namespace
}  // namespace fathom
