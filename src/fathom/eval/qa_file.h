// Questions about paragraphs, as files of SQuAD's and HotpotQA's formats hold them.
//
// SQuAD (Rajpurkar et al. 2016, arXiv:1606.05250; version 2.0's questions without an answer are
// left out): a question about one paragraph of an article. HotpotQA (Yang et al. 2018,
// arXiv:1809.09600): a question that takes two of several paragraphs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "fathom/base/result.h"
#include "fathom/eval/random.h"

namespace fathom {

struct QaDocument {
  std::string title;
  std::string text;
};

struct QaQuestion {
  std::string text;
  std::vector<std::string> answers;  // any of them is right
  std::vector<size_t> gold;          // documents that it comes with
  std::vector<size_t> related;       // others of the same article: the first to stand beside them
};

enum class QaFormat : uint8_t { squad, hotpot };

struct QaSet {
  std::string name;  // of the file, or what else it is
  QaFormat format = QaFormat::squad;
  std::vector<QaDocument> documents;  // different ones
  std::vector<QaQuestion> questions;  // one at least, each with documents that are not its own
};

// The format follows from the outermost value: an object is SQuAD's, an array HotpotQA's. Errors
// name the file and the place in it.
Result<QaSet> parse_qa(const std::string& name, std::string_view json);
Result<QaSet> read_qa(const std::string& path);

// The sets that come with Fathom: invented facts, which no model has read.
const QaSet& own_qa(QaFormat format);

// The documents of a question in the order in which a longer prompt takes more of them: gold,
// related, then all others; the latter two in random order. `with_answer`: whether those others may
// hold an answer.
struct QaOrder {
  std::vector<size_t> documents;
  size_t gold = 0;  // how many of them are

  // The first `count`; where they run out, those that are not gold come again. count >= gold.
  std::vector<size_t> first(size_t count) const;
};
QaOrder order_documents(const QaSet& set, const QaQuestion& question, bool with_answer,
                        Random& random);

}  // namespace fathom
