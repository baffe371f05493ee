#include "fathom/eval/ruler.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "fathom/eval/random.h"
#include "fathom/eval/recipe.h"
#include "fathom/text/test_vocabularies.h"

namespace fathom::ruler {
namespace {

size_t count_of(std::string_view text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

// What stands between the last `begin` and the next `end`.
std::string between(const std::string& text, const std::string& begin, const std::string& end) {
  const size_t first = text.rfind(begin) + begin.size();
  return text.substr(first, text.find(end, first) - first);
}

std::vector<std::string> split(const std::string& text) {
  std::istringstream words(text);
  std::vector<std::string> all;
  for (std::string word; words >> word;) all.push_back(word);
  return all;
}

class Ruler : public testing::Test {
 protected:
  // A byte a token: sizes are exact.
  std::unique_ptr<Tokenizer> tokenizer_ = Tokenizer::create(byte_bpe_vocabulary({})).value();
  PromptForm form_ = PromptForm::plain(*tokenizer_);
  std::vector<EvalText> texts_ = {
      {.name = "essay", .text = "One day it rained. Nobody minded! Did they? It was warm."}};
  Haystack essay_ = Haystack::of(texts_).value();

  // Filled to several lengths, what a recipe makes leaves no more than `slack` free.
  void expect_fits(const Recipe& recipe, size_t slack) {
    for (const size_t length : {3000, 4096, 5555, 9001}) {
      const Result<Question> made = fill(form_, length, recipe);
      ASSERT_TRUE(made.ok()) << made.error().message;
      const size_t size = form_.tokens(*made)->size() + made->max_tokens;
      EXPECT_LE(size, length);
      EXPECT_GT(size + slack, length);
    }
  }
  // Of one seed the same, of another not.
  template <class Make>
  void expect_seeded(const Make& make) {
    EXPECT_EQ(make(7).text, make(7).text);
    EXPECT_NE(make(7).text, make(8).text);
    EXPECT_NE(make(7).references, make(8).references);
  }
};

const std::map<std::string, Niah> kNiahs = {
    {"noise", {.hay = Niah::Hay::noise}},
    {"uuids", {.values = Niah::Kind::uuid}},
    {"multikey", {.key_count = 4}},
    {"needles", {.hay = Niah::Hay::needles}},
    {"uuid needles",
     {.hay = Niah::Hay::needles, .keys = Niah::Kind::uuid, .values = Niah::Kind::uuid}},
    {"multivalue", {.values_per_key = 4}},
    {"multiquery", {.key_count = 4, .queries = 4}},
};

TEST_F(Ruler, NiahFillsLengths) {
  for (const auto& [name, kind] : kNiahs) {
    SCOPED_TRACE(name);
    const Niah niah = kind;
    expect_fits({niah.least(), [&](size_t n) { return ruler::niah(niah, essay_, 3, n); }}, 150);
    expect_seeded([&](uint64_t seed) { return ruler::niah(niah, essay_, seed, 60); });
  }
}

TEST_F(Ruler, NiahHidesEachAnswerOnceAsWhatIsAskedFor) {
  for (const auto& [name, niah] : kNiahs) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
      const Question made = ruler::niah(niah, essay_, seed, niah.least() + seed);
      EXPECT_EQ(made.references.size(), niah.queries * niah.values_per_key) << name;
      for (const std::string& value : made.references) {
        ASSERT_EQ(count_of(made.text, " is: " + value + "."), 1u) << name;
        // The key that stands before it is asked for.
        const size_t end = made.text.find(" is: " + value);
        const size_t begin = made.text.rfind(" for ", end) + 5;
        const std::string key = made.text.substr(begin, end - begin);
        EXPECT_NE(made.answer_start.find(key), std::string::npos) << name;
      }
    }
  }
}

TEST_F(Ruler, NiahAsksForOneOrForAll) {
  const Question one = ruler::niah({}, essay_, 1, 50);
  EXPECT_TRUE(
      one.text.starts_with("A special magic number is hidden within the following text. "
                           "Make sure to memorize it. I will quiz you about the number "
                           "afterwards.\n"));
  EXPECT_TRUE(one.answer_start.starts_with("The special magic number for "));
  EXPECT_TRUE(one.answer_start.ends_with(" mentioned in the provided text is"));
  const Question all = ruler::niah({.key_count = 4, .queries = 4}, essay_, 1, 50);
  EXPECT_TRUE(all.text.starts_with("Some special magic numbers are hidden within"));
  EXPECT_NE(all.text.find("\nWhat are all the special magic numbers for "), std::string::npos);
  EXPECT_EQ(count_of(all.answer_start, ", "), 3u);
  EXPECT_EQ(count_of(all.answer_start, ", and "), 1u);
}

TEST_F(Ruler, NiahHidesAtEveryDepth) {
  std::set<size_t> quarters;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    for (const Niah::Hay hay : {Niah::Hay::noise, Niah::Hay::essay, Niah::Hay::needles}) {
      const Question made = ruler::niah({.hay = hay}, essay_, seed, 400);
      const size_t at = made.text.find(made.references[0]);
      quarters.insert(static_cast<size_t>(hay) * 4 + 4 * at / made.text.size());
    }
  }
  EXPECT_EQ(quarters.size(), 12u);
}

TEST_F(Ruler, TrackingIsOneChainInOrder) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const Question made = variable_tracking("example", seed, 5 + seed);
    ASSERT_EQ(made.references.size(), 5u);
    const std::string value = between(made.answer_start, "assigned the value ", ",");
    size_t at = made.text.find("VAR " + made.references[0] + " = " + value + "\n");
    for (size_t i = 1; i < 5; ++i) {
      ASSERT_NE(at, std::string::npos);
      at = made.text.find(
          "\nVAR " + made.references[i] + " = VAR " + made.references[i - 1] + " \n", at);
    }
    EXPECT_NE(at, std::string::npos);
    EXPECT_EQ(count_of(made.text, kNoise), 5 + seed);
    EXPECT_NE(made.text.find("assigned the value " + value + " in the text above."),
              std::string::npos);
  }
}

TEST_F(Ruler, TrackingShowsAnExampleOfItsOwn) {
  const Question example = tracking_example(1, 6);
  EXPECT_EQ(example.max_tokens, 0u);
  for (const std::string& name : example.references) EXPECT_EQ(name.size(), 3u);
  EXPECT_TRUE(example.text.ends_with("they are:  " + example.references[0] + " " +
                                     example.references[1] + " " + example.references[2] + " " +
                                     example.references[3] + " " + example.references[4]));
  EXPECT_TRUE(variable_tracking(example.text, 1, 9).text.starts_with(example.text + "\n\nMemor"));
  expect_fits({kLeastNoises, [](size_t n) { return variable_tracking("e", 3, n); }},
              kNoise.size() + 2);
  expect_seeded([](uint64_t seed) { return variable_tracking("e", seed, 9); });
}

TEST_F(Ruler, CommonWordsComeAsOftenAsTheyShould) {
  for (const size_t length : {2048, 4096}) {
    const Question made = common_words(length, 5, 60);
    const std::string list =
        between(made.text, "Memorize the ones that appear most often.\n", "\nQuestion:");
    std::map<std::string, size_t> counts;
    const std::vector<std::string> words = split(list);
    for (size_t i = 0; i < words.size(); i += 2) {
      EXPECT_EQ(words[i], std::to_string(i / 2 + 1) + ".");
      ++counts[words[i + 1]];
    }
    EXPECT_EQ(counts.size(), 60u);
    for (const auto& [word, count] : counts) {
      const bool common = std::ranges::count(made.references, word) > 0;
      EXPECT_EQ(count, length < 4096 ? (common ? 6u : 1u) : (common ? 30u : 3u)) << word;
    }
    EXPECT_EQ(made.references.size(), 10u);
    EXPECT_EQ(count_of(made.text, "Question: What are the 10 most common words"), 2u)
        << "the example's and this one's";
  }
  expect_seeded([](uint64_t seed) { return common_words(4096, seed, 60); });
  const auto filled = [](size_t n) { return common_words(2048, 3, n); };
  EXPECT_TRUE(fill(form_, 2048, {kLeastWords, filled}).ok());
}

TEST_F(Ruler, FrequentWordsFollowZipf) {
  for (const size_t words : {kLeastCodedWords, size_t{500}, size_t{5000}}) {
    const Question made = frequent_words(8192, 5, words);
    std::map<std::string, size_t> counts;
    for (const std::string& word :
         split(between(made.text, "most frequently appeared coded words.", "\nQuestion:")))
      ++counts[word];
    // zeta(2) = 1.6449: rank r comes floor(n / (1.6449 r^2)) times.
    EXPECT_EQ(counts["..."], static_cast<size_t>(static_cast<double>(words) / 1.644934));
    ASSERT_EQ(made.references.size(), 3u);
    size_t least = words;
    for (size_t i = 0; i < 3; ++i) {
      const auto rank = static_cast<double>(i + 2);
      EXPECT_EQ(counts[made.references[i]],
                static_cast<size_t>(static_cast<double>(words) / (1.644934 * rank * rank)));
      least = std::min(least, counts[made.references[i]]);
      counts.erase(made.references[i]);
    }
    counts.erase("...");
    for (const auto& [word, count] : counts) EXPECT_LT(count, least) << word;
  }
  expect_fits({kLeastCodedWords, [](size_t n) { return frequent_words(8192, 3, n); }}, 150);
  expect_seeded([](uint64_t seed) { return frequent_words(8192, seed, 90); });
}

TEST_F(Ruler, DocumentsHoldTheAnswerOnceAmongOthers) {
  const QaSet& set = own_qa(QaFormat::hotpot);
  for (const QaQuestion& asked : set.questions) {
    Random random(3);
    const QaOrder order = order_documents(set, asked, true, random);
    const auto make = [&](size_t count) { return documents(set, asked, order, 3, count); };
    const Question made = make(10);
    EXPECT_EQ(count_of(made.text, "\nDocument "), 10u);
    for (const size_t i : asked.gold)
      EXPECT_EQ(count_of(made.text, ":\n" + set.documents[i].title + "\n" + set.documents[i].text),
                1u);
    EXPECT_TRUE(made.text.ends_with("Question: " + asked.text));
    EXPECT_TRUE(made.any_reference);
    expect_fits({order.gold, make}, 400);
  }
}

TEST_F(Ruler, TooShortALengthNamesTheLeast) {
  const Recipe recipe = {kLeastNoises, [](size_t n) { return variable_tracking("e", 3, n); }};
  const size_t least = form_.tokens(recipe.make(5))->size() + 30;
  EXPECT_TRUE(fill(form_, least, recipe).ok());
  const std::string error = fill(form_, least - 1, recipe).error().message;
  EXPECT_NE(error.find(std::to_string(least)), std::string::npos) << error;
}

}  // namespace
}  // namespace fathom::ruler
