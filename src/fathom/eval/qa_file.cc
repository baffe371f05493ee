#include "fathom/eval/qa_file.h"

#include <algorithm>
#include <cassert>
#include <map>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "fathom/base/file_mapping.h"
#include "fathom/eval/data.h"
#include "fathom/eval/string_match.h"

namespace fathom {
namespace {

using Json = nlohmann::ordered_json;

Result<Json> parse_json(const std::string& name, std::string_view text) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    return Error{name + ": not JSON from byte " + std::to_string(error.byte) + " on"};
  }
}

// A value of a file and its place, for errors: "squad.json: data[3].title".
class Field {
 public:
  Field(const Json& value, std::string place) : value_(&value), place_(std::move(place)) {}

  bool has(const char* key) const { return value_->is_object() && value_->contains(key); }
  Result<Field> member(const char* key) const {
    const std::string place = place_ + (place_.ends_with(' ') ? "" : ".") + key;
    if (!has(key)) return Error{place + " is missing"};
    return Field((*value_)[key], place);
  }
  Result<std::vector<Field>> items() const {
    if (!value_->is_array()) return Error{place_ + " is no array"};
    std::vector<Field> fields;
    fields.reserve(value_->size());
    for (size_t i = 0; i < value_->size(); ++i)
      fields.emplace_back((*value_)[i], place_ + "[" + std::to_string(i) + "]");
    return fields;
  }
  Result<std::vector<Field>> items(const char* key) const {
    FATHOM_TRY(const Field field, member(key));
    return field.items();
  }
  Result<std::string> text() const {
    if (!value_->is_string()) return Error{place_ + " is no text"};
    return value_->get<std::string>();
  }
  Result<std::string> text(const char* key) const {
    FATHOM_TRY(const Field field, member(key));
    return field.text();
  }
  bool is_true(const char* key) const { return has(key) && (*value_)[key] == true; }
  const std::string& place() const { return place_; }

 private:
  const Json* value_;
  std::string place_;
};

// Documents by their text, each once.
class Documents {
 public:
  size_t add(QaDocument document) {
    const auto [found, is_new] =
        places_.try_emplace({document.title, document.text}, documents_.size());
    if (is_new) documents_.push_back(std::move(document));
    return found->second;
  }
  std::vector<QaDocument> take() { return std::move(documents_); }

 private:
  std::map<std::pair<std::string, std::string>, size_t> places_;
  std::vector<QaDocument> documents_;
};

Result<std::vector<std::string>> squad_answers(const Field& question) {
  std::vector<std::string> answers;
  if (question.is_true("is_impossible")) return answers;
  FATHOM_TRY(const std::vector<Field> given, question.items("answers"));
  for (const Field& one : given) {
    FATHOM_TRY(std::string answer, one.text("text"));
    if (answer.empty()) return Error{one.place() + ".text is empty"};
    if (std::ranges::find(answers, answer) == answers.end()) answers.push_back(std::move(answer));
  }
  return answers;
}

Status read_article(const Field& article, Documents& documents,
                    std::vector<QaQuestion>& questions) {
  std::string title;
  if (article.has("title")) {
    FATHOM_TRY(title, article.text("title"));
  }
  FATHOM_TRY(const std::vector<Field> paragraphs, article.items("paragraphs"));
  std::vector<size_t> all;
  const size_t first = questions.size();
  for (const Field& paragraph : paragraphs) {
    FATHOM_TRY(std::string text, paragraph.text("context"));
    const size_t document = documents.add({title, std::move(text)});
    all.push_back(document);
    FATHOM_TRY(const std::vector<Field> asked, paragraph.items("qas"));
    for (const Field& one : asked) {
      FATHOM_TRY(std::string question, one.text("question"));
      FATHOM_TRY(std::vector<std::string> answers, squad_answers(one));
      if (answers.empty()) continue;
      questions.push_back({.text = std::move(question),
                           .answers = std::move(answers),
                           .gold = {document},
                           .related = {}});
    }
  }
  for (size_t i = first; i < questions.size(); ++i) {
    questions[i].related = all;
    std::erase(questions[i].related, questions[i].gold.front());
  }
  return {};
}

Status read_two_hop(const Field& entry, Documents& documents, std::vector<QaQuestion>& questions) {
  QaQuestion question;
  FATHOM_TRY(question.text, entry.text("question"));
  FATHOM_TRY(std::string answer, entry.text("answer"));
  if (answer.empty()) return Error{entry.place() + ".answer is empty"};
  question.answers.push_back(std::move(answer));
  FATHOM_TRY(const std::vector<Field> context, entry.items("context"));
  for (const Field& pair : context) {
    FATHOM_TRY(const std::vector<Field> parts, pair.items());
    if (parts.size() != 2) return Error{pair.place() + " is no [title, sentences]"};
    QaDocument document;
    FATHOM_TRY(document.title, parts[0].text());
    FATHOM_TRY(const std::vector<Field> sentences, parts[1].items());
    for (const Field& sentence : sentences) {
      FATHOM_TRY(const std::string text, sentence.text());
      document.text += text;
    }
    const size_t place = documents.add(std::move(document));
    if (std::ranges::find(question.gold, place) == question.gold.end())
      question.gold.push_back(place);
  }
  if (question.gold.empty()) return Error{entry.place() + ".context is empty"};
  questions.push_back(std::move(question));
  return {};
}

}  // namespace

Result<QaSet> parse_qa(const std::string& name, std::string_view json) {
  FATHOM_TRY(const Json root, parse_json(name, json));
  QaSet set;
  set.name = name;
  set.format = root.is_array() ? QaFormat::hotpot : QaFormat::squad;
  Documents documents;
  const Field whole(root, name + ": ");
  if (set.format == QaFormat::squad) {
    if (!whole.has("data"))
      return Error{name + R"(: neither SQuAD's format, {"data": [...]}, nor HotpotQA's, [...])"};
    FATHOM_TRY(const std::vector<Field> articles, whole.items("data"));
    for (const Field& article : articles)
      FATHOM_CHECK(read_article(article, documents, set.questions));
  } else {
    FATHOM_TRY(const std::vector<Field> entries, whole.items());
    for (const Field& entry : entries) FATHOM_CHECK(read_two_hop(entry, documents, set.questions));
  }
  set.documents = documents.take();
  if (set.questions.empty()) return Error{name + ": has no question with an answer"};
  for (const QaQuestion& question : set.questions) {
    if (set.documents.size() <= question.gold.size())
      return Error{name + ": has no paragraph to stand beside those of \"" + question.text + "\""};
  }
  return set;
}

Result<QaSet> read_qa(const std::string& path) {
  FATHOM_TRY(const std::string json, read_file(path));
  return parse_qa(path, json);
}

const QaSet& own_qa(QaFormat format) {
  static const QaSet squad = parse_qa("Fathom's own paragraphs", data::paragraphs).value();
  static const QaSet hotpot = parse_qa("Fathom's own two hops", data::two_hops).value();
  return format == QaFormat::squad ? squad : hotpot;
}

std::vector<size_t> QaOrder::first(size_t count) const {
  std::vector<size_t> taken;
  for (size_t i = 0; i < count; ++i) {
    const size_t others = documents.size() - gold;
    assert(i < gold || others > 0);
    taken.push_back(documents[i < gold ? i : gold + (i - gold) % others]);
  }
  return taken;
}

QaOrder order_documents(const QaSet& set, const QaQuestion& question, bool with_answer,
                        Random& random) {
  QaOrder order = {.documents = question.gold, .gold = question.gold.size()};
  std::set<size_t> taken(question.gold.begin(), question.gold.end());
  const auto add = [&](std::vector<size_t> others) {
    random.shuffle(others);
    for (const size_t i : others) {
      const bool holds_answer =
          !with_answer && string_match_part(set.documents[i].text, question.answers) > 0;
      if (taken.insert(i).second && !holds_answer) order.documents.push_back(i);
    }
  };
  add(question.related);
  std::vector<size_t> rest;
  for (size_t i = 0; i < set.documents.size(); ++i) {
    if (!taken.contains(i)) rest.push_back(i);
  }
  add(std::move(rest));
  return order;
}

}  // namespace fathom
