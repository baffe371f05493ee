// The specification language: what it accepts, and where its errors point.
#include "fathom/attention/spec.h"

#include <array>

#include <gtest/gtest.h>

#include "fathom/base/parameter_parser.h"
#include "fathom/base/spec_cursor.h"

namespace fathom {
namespace {

std::string spec_of(std::string_view text) {
  const auto pattern = parse_pattern(text);
  return pattern ? (*pattern)->spec() : pattern.error().message;
}

// A specification with a '^' in front of the character that the error must point at.
struct BadSpec {
  std::string_view marked;
  std::string_view says;  // a part of the message's first line
};

void expect_error(const BadSpec& bad, const std::string& message) {
  const size_t caret = bad.marked.find('^');
  ASSERT_NE(caret, std::string_view::npos);
  std::string text(bad.marked);
  text.erase(caret, 1);
  const size_t first = message.find('\n');
  const size_t second = message.find('\n', first + 1);
  ASSERT_NE(second, std::string::npos) << message;
  EXPECT_EQ(message.substr(first + 1, second - first - 1), "  " + text);
  EXPECT_EQ(message.substr(second + 1), std::string(2 + caret, ' ') + "^") << message;
  EXPECT_NE(message.substr(0, first).find(bad.says), std::string::npos)
      << message << "\nlacks: " << bad.says;
}

TEST(Spec, RoundTrips) {
  EXPECT_EQ(spec_of("full"), "full");
  EXPECT_EQ(spec_of("full()"), "full");
  EXPECT_EQ(spec_of("window(size=1024)"), "window(size=1024)");
  EXPECT_EQ(spec_of("window(size=9223372036854775807)"), "window(size=9223372036854775807)");
}

TEST(Spec, AllowsWhiteSpaceBetweenItsParts) {
  EXPECT_EQ(spec_of(" \twindow\n( size  = 7 ) "), "window(size=7)");
  EXPECT_EQ(spec_of("full ( )"), "full");
}

TEST(Spec, ErrorsPointAtTheCharacter) {
  const std::array bad{
      BadSpec{"^", "expected a pattern: one of "},
      BadSpec{"  ^", "expected a pattern: one of "},
      BadSpec{"(^size=3)", "no pattern 'size'"},
      BadSpec{"(^)", "expected a pattern"},
      BadSpec{"(full^", "expected '|', '&' or ')'"},
      BadSpec{"(full ^; full)", "expected '|', '&' or ')'"},
      BadSpec{"full |^", "expected a pattern"},
      BadSpec{"full & ^| full", "expected a pattern"},
      BadSpec{"^| full", "expected a pattern"},
      BadSpec{"full^; full", "expected '|', '&' or the end of the specification"},
      BadSpec{"full | ^fixed(block=4, summary=5)", "summary must be at most block"},
      BadSpec{"^bigbird(window=2)", "window must be odd"},
      BadSpec{"^multiscale(windows=[])", "windows must name one window or more"},
      BadSpec{"^windw(size=3)", "no pattern 'windw': it must be one of "},
      BadSpec{"^Full", "no pattern 'Full'"},
      BadSpec{"^9full", "expected a pattern"},
      BadSpec{"full ^full", "end of the specification"},
      BadSpec{"full^)", "end of the specification"},
      BadSpec{"window(size=3)^x", "end of the specification"},
      BadSpec{"full(^size=3)", "full takes no parameters"},
      BadSpec{"full(^3)", "full takes no parameters"},
      BadSpec{"window^", "size is missing: window takes size=<an integer of at least 1>"},
      BadSpec{"window(^)", "size is missing"},
      BadSpec{"window(^sise=3)", "no parameter 'sise': window takes size="},
      BadSpec{"window(^1024)", "expected key=value: window takes size="},
      BadSpec{"window(^", "expected key=value"},
      BadSpec{"window(size^", "expected '=' after size"},
      BadSpec{"window(size ^3)", "expected '=' after size"},
      BadSpec{"window(size=^", "size must be an integer of at least 1"},
      BadSpec{"window(size=^)", "size must be an integer of at least 1"},
      BadSpec{"window(size=^0)", "size must be an integer of at least 1"},
      BadSpec{"window(size=^-4)", "size must be an integer of at least 1"},
      BadSpec{"window(size=^4k)", "size must be an integer"},
      BadSpec{"window(size=^1e3)", "size must be an integer"},
      BadSpec{"window(size=^9223372036854775808)", "size must be an integer"},
      BadSpec{"window(size=^[3])", "size must be an integer"},
      BadSpec{"window(size=3^", "',' or ')'"},
      BadSpec{"window(size=3^;", "',' or ')'"},
      BadSpec{"window(size=3 ^4)", "',' or ')'"},
      BadSpec{"window(size=3,^)", "expected key=value"},
      BadSpec{"window(size=3, ^size=4)", "size is given twice"},
  };
  for (const BadSpec& b : bad) {
    SCOPED_TRACE(b.marked);
    std::string text(b.marked);
    text.erase(text.find('^'), 1);
    const auto pattern = parse_pattern(text);
    ASSERT_FALSE(pattern.ok());
    expect_error(b, pattern.error().message);
  }
}

TEST(Spec, ParenthesesNestOnlySoDeep) {
  const auto nested = [](size_t depth) {
    return parse_pattern(std::string(depth, '(') + "full" + std::string(depth, ')'));
  };
  EXPECT_TRUE(nested(64).ok());
  ASSERT_FALSE(nested(65).ok());
  EXPECT_TRUE(nested(65).error().message.starts_with("more than 64 parentheses deep"));
  EXPECT_FALSE(nested(1'000'000).ok());
}

TEST(Spec, AnUnknownPatternIsAnsweredWithAllThatThereAre) {
  const auto unknown = parse_pattern("nothing");
  ASSERT_FALSE(unknown.ok());
  for (const PatternPlugin* plugin : patterns::all())
    EXPECT_NE(unknown.error().message.find(plugin->name), std::string::npos) << plugin->name;
}

TEST(Spec, CaretCountsCharactersNotBytesAndTheTextStaysOnOneLine) {
  const auto umlaut = parse_pattern("full \xc3\xbc");
  ASSERT_FALSE(umlaut.ok());
  EXPECT_TRUE(umlaut.error().message.ends_with("\n  full \xc3\xbc\n       ^"));
  const auto newline = parse_pattern("full\n\n\xc3\xbc x");
  ASSERT_FALSE(newline.ok());
  EXPECT_TRUE(newline.error().message.ends_with("\n  full  \xc3\xbc x\n        ^"));
}

TEST(Spec, EveryPatternSaysWhatItIs) {
  for (const PatternPlugin* plugin : patterns::all()) {
    EXPECT_FALSE(plugin->name.empty());
    EXPECT_FALSE(plugin->summary.empty());
    EXPECT_FALSE(plugin->paper.empty());
    for (const ParameterInfo& info : plugin->parameters) EXPECT_FALSE(info.help.empty());
  }
}

TEST(Spec, AndBindsTighterThanOr) {
  const auto sees = [](std::string_view spec, int64_t query, int64_t key) {
    return parse_pattern(spec).value()->sees({query}, {key});
  };
  EXPECT_TRUE(sees("sinks(count=1) | full & window(size=2)", 9, 0));
  EXPECT_FALSE(sees("sinks(count=1) | full & window(size=2)", 9, 3));
  EXPECT_FALSE(sees("(sinks(count=1) | full) & window(size=2)", 9, 0));
  EXPECT_TRUE(sees("window(size=2) & (sinks(count=1) | full)", 9, 8));
}

TEST(Spec, ComposedPatternsNameTheirParts) {
  EXPECT_EQ(spec_of("full&window(size=3)"), "full & window(size=3)");
  EXPECT_EQ(spec_of("full|sinks"), "(full | sinks(count=4))");
  EXPECT_EQ(spec_of("full & (full|sinks)"), "full & (full | sinks(count=4))");
}

// The kinds that no pattern of today takes.
const std::array<ParameterInfo, 3> kInfos = {{
    {.name = "count", .help = "how many", .fallback = int64_t{5}},
    {.name = "share", .help = "of the mass", .fallback = 0.5},
    {.name = "at", .help = "positions", .fallback = std::vector<int64_t>{1}},
}};

Result<Parameters> parse_list(std::string_view text) {
  SpecCursor cursor(text);
  return parse_parameters(cursor, "thing", kInfos);
}

TEST(ParameterParser, ReadsEveryKind) {
  const auto given = parse_list("(at=[1, 2,3 ], share=0.95, count=7)");
  ASSERT_TRUE(given.ok()) << given.error().message;
  EXPECT_EQ(given->integer("count"), 7);
  EXPECT_EQ(given->number("share"), 0.95);
  EXPECT_EQ(given->list("at"), (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(parse_list("(at=[])")->list("at"), std::vector<int64_t>{});
  EXPECT_EQ(parse_list("(share=1)")->number("share"), 1);
  EXPECT_EQ(parse_list("(share=-2.5e-3)")->number("share"), -2.5e-3);
}

TEST(ParameterParser, FallsBack) {
  const auto none = parse_list("");
  ASSERT_TRUE(none.ok());
  EXPECT_EQ(none->integer("count"), 5);
  EXPECT_EQ(none->number("share"), 0.5);
  EXPECT_EQ(none->list("at"), std::vector<int64_t>{1});
}

TEST(ParameterParser, ErrorsPointAtTheCharacter) {
  const std::array bad{
      BadSpec{"(at=^3)", "at must be a list of integers of at least 0, like [1, 2]"},
      BadSpec{"(at=[1, ^-2])", "at must be a list of integers of at least 0"},
      BadSpec{"(at=[1, ^])", "at must be a list"},
      BadSpec{"(at=[1^", "',' or ']'"},
      BadSpec{"(at=[1 ^2])", "',' or ']'"},
      BadSpec{"(share=^inf)", "share must be a number"},
      BadSpec{"(share=^nan)", "share must be a number"},
      BadSpec{"(share=^1e999)", "share must be a number"},
      BadSpec{"(share=^)", "share must be a number"},
      BadSpec{"(count=^0.5)", "count must be an integer of at least 0"},
      BadSpec{"(^size=1)", "thing takes count=<an integer of at least 0>, share=<a number>, at="},
  };
  for (const BadSpec& b : bad) {
    SCOPED_TRACE(b.marked);
    std::string text(b.marked);
    text.erase(text.find('^'), 1);
    const auto parameters = parse_list(text);
    ASSERT_FALSE(parameters.ok());
    expect_error(b, parameters.error().message);
  }
}

// Each costs memory, and a chain of thousands would exhaust the stack.
TEST(Spec, JoinsSoManyPatternsAndNoMore) {
  std::string spec = "sinks";
  for (int i = 1; i < 64; ++i) spec += i % 2 == 0 ? " | sinks" : " & sinks";
  EXPECT_TRUE(parse_pattern(spec).ok());
  const auto refused = parse_pattern(spec + " | sinks");
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find("at most 64 patterns"), std::string::npos);
}

}  // namespace
}  // namespace fathom
