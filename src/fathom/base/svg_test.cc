#include "fathom/base/svg.h"

#include <gtest/gtest.h>

namespace fathom {
namespace {

TEST(Svg, IsOneElementOfTheGivenSizeOnWhite) {
  const std::string text = Svg(640, 480.5).finish();
  EXPECT_TRUE(
      text.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"640\""
                       " height=\"480.5\" viewBox=\"0 0 640 480.5\""))
      << text;
  EXPECT_NE(text.find("<rect width=\"640\" height=\"480.5\" fill=\"#ffffff\"/>"),
            std::string::npos);
  EXPECT_TRUE(text.ends_with("</svg>\n"));
}

TEST(Svg, TextIsEscaped) {
  Svg svg(1, 1);
  svg.text({1, 2}, "a < b & \"c\" > d", {.turned = -90});
  const std::string text = std::move(svg).finish();
  EXPECT_NE(text.find(">a &lt; b &amp; &quot;c&quot; &gt; d</text>"), std::string::npos) << text;
  EXPECT_NE(text.find("rotate(-90 1 2)"), std::string::npos) << text;
}

TEST(Svg, ControlCharactersAreReplaced) {
  EXPECT_EQ(escape_markup("a\x01\n\x1b"), "a\xef\xbf\xbd\n\xef\xbf\xbd");
}

TEST(Svg, ADotsNoteIsItsTitle) {
  Svg svg(9, 9);
  svg.dot({1, 2}, 3, "#123456", "a<b");
  EXPECT_NE(std::move(svg).finish().find(
                "<circle cx=\"1\" cy=\"2\" r=\"3\" fill=\"#123456\"><title>a&lt;b</title>"),
            std::string::npos);
}

TEST(Svg, WidthsGrowWithCharactersNotBytes) {
  EXPECT_DOUBLE_EQ(text_width("ab", 10), 2 * text_width("a", 10));
  EXPECT_DOUBLE_EQ(text_width("\u00e4", 10), text_width("a", 10));
  EXPECT_GT(text_width("a", 10, true), text_width("a", 10));
}

TEST(Svg, BoxesOfAColourAreOnePathAndNoneAreNothing) {
  Svg svg(9, 9);
  svg.boxes({}, "#ff0000");
  const SvgBox boxes[] = {{1, 2, 3, 4}, {0.125, 0, 1, 1.0 / 3}};
  svg.boxes(boxes, "#0000ff");
  const std::string text = std::move(svg).finish();
  EXPECT_EQ(text.find("#ff0000"), std::string::npos);
  EXPECT_NE(text.find("d=\"M1 2h3v4h-3zM0.13 0h1v0.33h-1z\""), std::string::npos) << text;
}

TEST(Svg, LinesHaveTheirStroke) {
  Svg svg(9, 9);
  const SvgPoint points[] = {{0, -0.001}, {2.5, 3}};
  svg.line(points, {.colour = "#123456", .width = 2, .dashes = "6 3"});
  const std::string text = std::move(svg).finish();
  for (const char* part : {"points=\"0,0 2.5,3\"", "stroke=\"#123456\"", "stroke-width=\"2\"",
                           "stroke-dasharray=\"6 3\""})
    EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
}

}  // namespace
}  // namespace fathom
