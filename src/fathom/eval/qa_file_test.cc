#include "fathom/eval/qa_file.h"

#include <algorithm>
#include <set>

#include <gtest/gtest.h>

#include "fathom/eval/string_match.h"

namespace fathom {
namespace {

constexpr std::string_view kSquad = R"({"data": [
  {"title": "A", "paragraphs": [
    {"context": "One is red.", "qas": [
      {"question": "What is red?", "answers": [{"text": "One"}, {"text": "One"}]},
      {"question": "Why?", "is_impossible": true, "answers": []}]},
    {"context": "Two is blue.", "qas": [{"question": "Blue?", "answers": [{"text": "Two"}]}]}]},
  {"title": "B", "paragraphs": [{"context": "Nothing.", "qas": []}]}]})";

std::string error_of(std::string_view json) { return parse_qa("f", json).error().message; }

TEST(QaFile, ReadsSquad) {
  const QaSet set = parse_qa("f", kSquad).value();
  EXPECT_EQ(set.format, QaFormat::squad);
  ASSERT_EQ(set.documents.size(), 3u);
  ASSERT_EQ(set.questions.size(), 2u) << "without the impossible one";
  EXPECT_EQ(set.questions[0].answers, std::vector<std::string>{"One"});
  EXPECT_EQ(set.questions[0].gold, std::vector<size_t>{0});
  EXPECT_EQ(set.questions[0].related, std::vector<size_t>{1});
}

TEST(QaFile, ReadsHotpot) {
  const QaSet set = parse_qa("f", R"([
    {"question": "Q", "answer": "x", "context": [["T", ["a ", "b"]], ["U", ["c"]]]},
    {"question": "R", "answer": "y", "context": [["U", ["c"]], ["V", ["d"]]]}])")
                        .value();
  EXPECT_EQ(set.format, QaFormat::hotpot);
  ASSERT_EQ(set.documents.size(), 3u) << "each document once";
  EXPECT_EQ(set.documents[0].title, "T");
  EXPECT_EQ(set.documents[0].text, "a b");
  EXPECT_EQ(set.questions[1].gold, (std::vector<size_t>{1, 2}));
}

TEST(QaFile, ErrorsNameThePlace) {
  EXPECT_EQ(error_of("{"), "f: not JSON from byte 2 on");
  EXPECT_EQ(error_of("7"), R"(f: neither SQuAD's format, {"data": [...]}, nor HotpotQA's, [...])");
  EXPECT_EQ(error_of(R"({"data": [{"paragraphs": [{}]}]})"),
            "f: data[0].paragraphs[0].context is missing");
  EXPECT_EQ(error_of(R"({"data": 1})"), "f: data is no array");
  EXPECT_EQ(error_of(R"([{"question": 3}])"), "f: [0].question is no text");
  EXPECT_EQ(error_of(R"([{"question": "Q", "answer": "x", "context": [["T"]]}])"),
            "f: [0].context[0] is no [title, sentences]");
  EXPECT_EQ(error_of("[]"), "f: has no question with an answer");
  EXPECT_EQ(error_of(R"([{"question": "Q", "answer": "x", "context": [["T", ["a"]]]}])"),
            "f: has no paragraph to stand beside those of \"Q\"");
}

TEST(QaFile, OwnSetsAskWhatTheirParagraphsSay) {
  EXPECT_EQ(own_qa(QaFormat::squad).questions.size(), 40u);
  EXPECT_EQ(own_qa(QaFormat::hotpot).questions.size(), 15u);
  for (const QaFormat format : {QaFormat::squad, QaFormat::hotpot}) {
    const QaSet& set = own_qa(format);
    for (const QaQuestion& question : set.questions) {
      std::string gold;
      for (const size_t i : question.gold) gold += set.documents[i].text;
      for (const std::string& answer : question.answers)
        EXPECT_TRUE(contains(gold, answer)) << question.text << " " << answer;
      EXPECT_EQ(string_match_part(question.text, question.answers), 0) << question.text;
    }
  }
}

TEST(QaOrder, TakesGoldThenRelatedThenAllOthersOnce) {
  const QaSet set = parse_qa("f", kSquad).value();
  Random random(1);
  const QaOrder order = order_documents(set, set.questions[1], true, random);
  EXPECT_EQ(order.documents, (std::vector<size_t>{1, 0, 2}));
  EXPECT_EQ(order.first(2), (std::vector<size_t>{1, 0}));
  EXPECT_EQ(order.first(6), (std::vector<size_t>{1, 0, 2, 0, 2, 0})) << "gold comes once";
}

TEST(QaOrder, MayLeaveOutWhatHoldsAnAnswer) {
  const QaSet& set = own_qa(QaFormat::squad);
  QaQuestion question = set.questions[0];
  question.answers = {"the"};  // which most paragraphs hold
  Random random(1);
  const QaOrder order = order_documents(set, question, false, random);
  EXPECT_LT(order.documents.size(), set.documents.size());
  for (const size_t i : order.documents) {
    EXPECT_TRUE(i == question.gold[0] || !contains(set.documents[i].text, "the"));
  }
}

}  // namespace
}  // namespace fathom
