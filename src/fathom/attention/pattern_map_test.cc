// Clauses by layer and head: which one holds, what is refused, and where errors point.
#include "fathom/attention/pattern_map.h"

#include <algorithm>
#include <array>
#include <random>

#include <gtest/gtest.h>

namespace fathom {
namespace {

PatternMap map_of(std::string_view spec) {
  auto map = parse_attention(spec);
  EXPECT_TRUE(map.ok()) << map.error().message;
  return map.ok() ? *map : PatternMap();
}

std::string at(const PatternMap& map, size_t layer, size_t head) {
  return map.pattern_for({.layer = layer, .head = head, .heads = 8})->spec();
}

TEST(PatternMap, OneExpressionIsForAll) {
  const PatternMap map = map_of("window(size=3) | sinks");
  EXPECT_EQ(at(map, 0, 0), "(window(size=3) | sinks(count=4))");
  EXPECT_EQ(at(map, 40, 7), at(map, 0, 0));
  EXPECT_EQ(map.spec(), "window(size=3) | sinks(count=4)");
  EXPECT_EQ(PatternMap().spec(), "model");
  EXPECT_EQ(at(PatternMap(), 3, 1), "full");
}

TEST(PatternMap, LaterClausesRefineEarlierOnesAndTheStarIsTheRest) {
  const PatternMap map = map_of(
      "*: window(size=4096); 0-3: sinks; even: window(size=1024); heads 0,1: full; "
      "6-7 heads 1-2: window(size=9)");
  EXPECT_EQ(at(map, 1, 5), "sinks(count=4)");
  EXPECT_EQ(at(map, 2, 5), "window(size=1024)");
  EXPECT_EQ(at(map, 2, 1), "full");
  EXPECT_EQ(at(map, 5, 0), "full");
  EXPECT_EQ(at(map, 5, 2), "window(size=4096)");
  EXPECT_EQ(at(map, 6, 0), "full");
  EXPECT_EQ(at(map, 6, 1), "window(size=9)");
  EXPECT_EQ(at(map, 7, 2), "window(size=9)");
  EXPECT_EQ(at(map, 7, 3), "window(size=4096)");
}

TEST(PatternMap, WhatNoClauseNamesSeesAll) {
  const PatternMap map = map_of("odd, 4: sinks; * heads 0: window(size=2)");
  EXPECT_EQ(at(map, 3, 0), "sinks(count=4)");
  EXPECT_EQ(at(map, 4, 0), "sinks(count=4)");
  EXPECT_EQ(at(map, 2, 0), "window(size=2)");
  EXPECT_EQ(at(map, 2, 1), "full");
}

TEST(PatternMap, HeadsShareOutAMultiscale) {
  const PatternMap map = map_of("multiscale(windows=[1, 2])");
  EXPECT_EQ(at(map, 0, 3), "window(size=1)");
  EXPECT_EQ(at(map, 0, 4), "window(size=2)");
  EXPECT_EQ(map.spec(), "multiscale(windows=[1, 2])");
}

TEST(PatternMap, ReadsBackWhatItWrites) {
  for (const auto& [given, written] : std::array{
           std::pair{"full", "full"},
           std::pair{" 0 - 3 ,odd :full;*:sinks ", "0-3,odd: full; *: sinks(count=4)"},
           std::pair{"heads 0,2-3:full&(full|sinks)",
                     "heads 0,2-3: full & (full | sinks(count=4))"},
           std::pair{"* heads 1: full; even heads 2: ((full))",
                     "* heads 1: full; even heads 2: full"},
           std::pair{"globals(at=[3,1])", "globals(at=[3, 1])"},
           std::pair{"bigbird", "bigbird(block=64, window=3, globals=2, random=3, seed=0)"},
       }) {
    EXPECT_EQ(map_of(given).spec(), written);
    EXPECT_EQ(map_of(written).spec(), written);
  }
}

// The first line and where the caret stands under the specification.
void expect_error(std::string_view marked, std::string_view says, const Error& error) {
  const std::string& message = error.message;
  EXPECT_NE(message.substr(0, message.find('\n')).find(says), std::string::npos)
      << message << "\nlacks: " << says;
  EXPECT_EQ(message.substr(message.rfind('\n') + 1), std::string(2 + marked.find('@'), ' ') + "^")
      << marked << "\n"
      << message;
}

std::string without_mark(std::string_view marked) {
  std::string text(marked);
  text.erase(text.find('@'), 1);
  return text;
}

// A specification with an '@' in front of the character that the error must point at.
using Bad = std::pair<std::string_view, std::string_view>;

TEST(PatternMap, ErrorsPointAtTheCharacter) {
  for (const auto& [marked, says] : std::array{
           Bad{"@", "expected a pattern: one of "},
           Bad{"full;@", "expected a pattern"},
           Bad{"full @full", "'|', '&', ';' or the end of the specification"},
           Bad{"full@: full", "';' or the end"},
           Bad{"0-3 @full", "expected ',', 'heads' or ':'"},
           Bad{"0-@: full", "expected a layer, 'even' or 'odd'"},
           Bad{"0,@: full", "expected a layer, 'even' or 'odd'"},
           Bad{"0,@heads 1: full", "expected a layer"},
           Bad{"3-@1: full", "at least 3"},
           Bad{"@99999999999: full", "too large"},
           Bad{"*@, 3: full", "expected ':' or 'heads' after '*'"},
           Bad{"even, @*: full", "expected a layer"},
           Bad{"heads @: full", "expected a head"},
           Bad{"heads 0,@even: full", "expected a head"},
           Bad{"heads 0 @full", "expected ',' or ':'"},
           Bad{"0: @1: full", "expected a pattern"},
           Bad{"even: window(size=@0)", "size must be"},
       }) {
    const auto map = parse_attention(without_mark(marked));
    ASSERT_FALSE(map.ok()) << marked;
    expect_error(marked, says, map.error());
  }
}

// Whatever it is given, the parser answers; and what it takes, it writes in a form that it takes.
TEST(PatternMap, ReadsBackWhateverItTakes) {
  constexpr std::array<std::string_view, 22> kParts = {
      "full", "sinks", "window", "size",  "=",   "3", "(", ")", "(", ")", "|",
      "&",    ";",     ":",      "heads", "odd", "*", "-", ",", "[", "]", "window(size=3)"};
  std::mt19937 random(2);
  int taken = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string text;
    for (size_t parts = 1 + random() % 9; parts > 0; --parts)
      text += std::string(kParts[random() % kParts.size()]) + (random() % 2 == 0 ? " " : "");
    const auto map = parse_attention(text);
    if (!map.ok()) {
      ASSERT_EQ(std::ranges::count(map.error().message, '\n'), 2) << map.error().message;
      continue;
    }
    ++taken;
    const auto again = parse_attention(map->spec());
    ASSERT_TRUE(again.ok()) << text << "\n" << again.error().message;
    ASSERT_EQ(again->spec(), map->spec()) << text;
  }
  EXPECT_GT(taken, 2000);
}

TEST(PatternMap, RefusesWhatTheModelHasNot) {
  constexpr std::array<size_t, 3> kHeads = {4, 4, 2};
  for (const std::string_view fine :
       {"full", "0-2: full", "even: full", "heads 0,1: full", "0-1 heads 3: full", "*: full"})
    EXPECT_TRUE(map_of(fine).check(kHeads).ok()) << fine;
  for (const auto& [marked, says] : std::array{
           Bad{"@3: full", "no layer 3: the model has 3, 0 to 2"},
           Bad{"full; 0,@1-7: full", "no layer 7: the model has 3, 0 to 2"},
           Bad{"0 heads 1,@4: full", "no head 4: the model has 4, 0 to 3"},
           Bad{"heads @2-3: full", "no head 3: the model has 2, 0 to 1"},
           Bad{"even heads @2: full", "no head 2: the model has 2, 0 to 1"},
       }) {
    const Status status = map_of(without_mark(marked)).check(kHeads);
    ASSERT_FALSE(status.ok()) << marked;
    expect_error(marked, says, status.error());
  }
}

}  // namespace
}  // namespace fathom
