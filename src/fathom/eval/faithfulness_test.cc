#include "fathom/eval/faithfulness.h"

#include <gtest/gtest.h>

namespace fathom {
namespace {

using Set = std::set<std::string>;

TEST(Faithfulness, NumbersAreMadeAlike) {
  EXPECT_EQ(claims_of("It took 1,000 tries, 12.50 % of $5.").numbers, (Set{"1000", "12.5%", "$5"}));
  EXPECT_EQ(claims_of("1000 tries, 12.5 percent, 5 dollars").numbers, (Set{"1000", "12.5%", "$5"}));
  EXPECT_EQ(claims_of("within 30 days; the 30-day term").numbers, Set{"30 day"});
  EXPECT_EQ(claims_of("in 1999, 2000 and 3.").numbers, (Set{"1999", "2000", "3"}));
}

TEST(Faithfulness, NamesAreCapitalsInsideSentences) {
  EXPECT_EQ(claims_of("The whale sank Ahab. He and Starbuck: Both, they say. A I").names,
            (Set{"ahab", "starbuck"}));
  EXPECT_EQ(claims_of("A title\n\nMore of Nantucket").names, Set{"nantucket"});
}

TEST(Faithfulness, TheShareThatATextHas) {
  const std::string document = "AHAB sailed from Nantucket for 30 days with 12 men.";
  EXPECT_EQ(share_in(claims_of("There Ahab spent 30 days in Paris, with 13."), document), 0.5);
  EXPECT_EQ(share_in(claims_of("He took 30 men and 12 days."), document), 0.5) << "12 days is not";
  EXPECT_EQ(share_in(claims_of("nothing to hold it to"), document), std::nullopt);
  EXPECT_EQ(share_in(claims_of("with Ahab"), ""), 0);
}

}  // namespace
}  // namespace fathom
