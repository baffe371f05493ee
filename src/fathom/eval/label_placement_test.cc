#include "fathom/eval/label_placement.h"

#include <random>

#include <gtest/gtest.h>

namespace fathom {
namespace {

bool overlap(const SvgBox& a, const SvgBox& b) {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

TEST(LabelPlacement, ALonePointHasItsNameAtItsRight) {
  const PointLabel label[] = {{.point = {100, 100}, .radius = 5, .width = 40}};
  const auto places = place_labels(label, {}, 14, {0, 0, 300, 200});
  ASSERT_TRUE(places[0]);
  EXPECT_DOUBLE_EQ(places[0]->box.x, 109);
  EXPECT_DOUBLE_EQ(places[0]->box.y + 7, 100);
  EXPECT_FALSE(places[0]->leader);
}

TEST(LabelPlacement, NearAnEdgeItIsOnTheOtherSideAndLinesAreLeftFree) {
  const PointLabel label[] = {{.point = {290, 100}, .radius = 5, .width = 40}};
  EXPECT_LT(place_labels(label, {}, 14, {0, 0, 300, 200})[0]->box.x, 290);
  const SvgSegment lines[] = {{{200, 100}, {289, 100}}};
  const SvgBox box = place_labels(label, lines, 14, {0, 0, 300, 200})[0]->box;
  EXPECT_TRUE(box.y > 100 || box.y + box.height < 100);
}

TEST(LabelPlacement, WhereNothingFitsThereIsNone) {
  const PointLabel label[] = {{.point = {20, 20}, .radius = 5, .width = 400}};
  EXPECT_FALSE(place_labels(label, {}, 14, {0, 0, 300, 200})[0]);
}

TEST(LabelPlacement, NamesOverlapNeitherEachOtherNorPoints) {
  std::mt19937 random(3);
  std::vector<PointLabel> labels;
  for (int i = 0; i < 40; ++i)
    labels.push_back({.point = {300.0 + random() % 300, 200.0 + random() % 200},
                      .radius = 5,
                      .width = 40.0 + random() % 100});
  const SvgBox area{0, 0, 900, 600};
  const auto places = place_labels(labels, {}, 14, area);
  size_t placed = 0;
  for (size_t i = 0; i < places.size(); ++i) {
    if (!places[i]) continue;
    ++placed;
    for (size_t k = 0; k < i; ++k)
      EXPECT_FALSE(places[k] && overlap(places[i]->box, places[k]->box)) << i << " " << k;
    for (const PointLabel& label : labels)
      EXPECT_FALSE(overlap(places[i]->box, {label.point.x - 5, label.point.y - 5, 10, 10}));
  }
  EXPECT_GE(placed, 38u);
}

}  // namespace
}  // namespace fathom
