// What eviction knows of a text is put away and taken up again: what follows is the same.
#include <algorithm>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "fathom/kv/test_text.h"

namespace fathom {
namespace {

constexpr size_t kWhole = 500;

void expect_same(const Text& text, const Text& other) {
  for (size_t layer = 0; layer < kShapes.size(); ++layer)
    for (size_t h = 0; h < kShapes[layer].kv_heads; ++h)
      ASSERT_TRUE(
          std::ranges::equal(text.cache.positions(layer, h), other.cache.positions(layer, h)))
          << "layer " << layer << ", head " << h << ", " << text.cache.tokens() << " tokens";
  ASSERT_EQ(text.eviction.statistics(), other.eviction.statistics());
}

// Reads on as `text` would have: the same tokens, of the same cache.
void take_up(const Text& text, Text& other) {
  other.cache = text.cache.fork();
  other.random = text.random;
  other.eviction.expect(kWhole);
  const Status restored = other.eviction.restore(text.eviction.statistics(), other.cache);
  ASSERT_TRUE(restored.ok()) << restored.error().message;
}

void go_on(Text& text) {
  for (const size_t count : {100, 64, 90}) ASSERT_NO_FATAL_FAILURE(text.step(count));
  for (int i = 0; i < 70; ++i) ASSERT_NO_FATAL_FAILURE(text.step(1, true));
}

TEST(EvictionRestore, GoesOnAsIfNothingHadHappened) {
  for (const PolicyPlugin* plugin : policies::all()) {
    for (const std::string_view example : plugin->examples) {
      for (const char* const split : {"uniform", "pyramid(beta=3)", "adaptive(floor=0.3)"}) {
        SCOPED_TRACE(std::string(example) + ", " + split);
        Text text(policy_of(example), split_of(split));
        Text other(policy_of(example), split_of(split));
        text.eviction.expect(kWhole);
        for (const size_t count : {30, 100, 70}) ASSERT_NO_FATAL_FAILURE(text.step(count));
        ASSERT_NO_FATAL_FAILURE(take_up(text, other));
        ASSERT_NO_FATAL_FAILURE(go_on(text));
        ASSERT_NO_FATAL_FAILURE(go_on(other));
        ASSERT_NO_FATAL_FAILURE(expect_same(text, other));
      }
    }
  }
}

TEST(EvictionRestore, NothingIsKnownWhereNothingIsAsked) {
  Text text(policy_of("knorm(budget=50)"), {});
  ASSERT_NO_FATAL_FAILURE(text.read(300, 100));
  EXPECT_EQ(text.eviction.statistics(), "");
}

// Whatever is wrong with it, it is refused, and then the text is as good as unread.
TEST(EvictionRestore, RefusesWhatDoesNotFit) {
  for (const char* const spec : {"h2o(budget=50)", "snapkv(budget=50, window=16)"}) {
    Text text(policy_of(spec), {});
    ASSERT_NO_FATAL_FAILURE(text.read(300, 100));
    const std::string good = text.eviction.statistics();
    Text fresh(policy_of(spec), {});
    const std::string nothing = fresh.eviction.statistics();
    const auto refused = [&](const std::string& bytes, const KvCache& cache) {
      const Status restored = fresh.eviction.restore(bytes, cache);
      ASSERT_FALSE(restored.ok());
      EXPECT_NE(restored.error().message.find("statistics"), std::string::npos);
      EXPECT_EQ(fresh.eviction.statistics(), nothing);
    };
    for (size_t size = 0; size < good.size(); size += 1 + good.size() / 40)
      refused(good.substr(0, size), text.cache);
    refused(good + std::string(8, '\0'), text.cache);
    refused(std::string(8, '\xff') + good.substr(8), text.cache);  // a length beyond all bounds
    refused(good, fresh.cache);
    Text other(policy_of("expected(budget=50, queries=40)"), {});
    ASSERT_NO_FATAL_FAILURE(other.read(300, 100));
    refused(other.eviction.statistics(), text.cache);
    EXPECT_TRUE(fresh.eviction.restore(good, text.cache).ok());
    EXPECT_EQ(fresh.eviction.statistics(), good);
  }
}

}  // namespace
}  // namespace fathom
