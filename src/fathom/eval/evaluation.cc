#include "fathom/eval/evaluation.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "fathom/base/stopwatch.h"
#include "fathom/engine/sha256.h"

namespace fathom {
namespace {

using Key = std::pair<std::string, size_t>;  // a sample's id and a technique

// Of what the first sample of each length asks.
Result<std::string> hash_of_prompts(TaskRun& run) {
  Sha256 hash;
  size_t length = 0;
  for (const Sample& sample : run.samples()) {
    if (sample.length == length) continue;
    length = sample.length;
    FATHOM_TRY(const Json prompt, run.prompt(sample));
    hash.add(prompt.dump(-1, ' ', false, Json::error_handler_t::replace));
  }
  return hash.finish();
}

// Where records go.
class Ledger {
 public:
  static Result<Ledger> open(const Evaluation& evaluation, TaskRun& run) {
    Ledger ledger;
    if (evaluation.folder.empty()) return ledger;
    RunHeader header = evaluation.header;
    FATHOM_TRY(header.prompts_sha256, hash_of_prompts(run));
    FATHOM_TRY(RunFolder folder, RunFolder::open(evaluation.folder, header));
    ledger.folder_ = std::make_unique<RunFolder>(std::move(folder));
    for (const Record& record : ledger.folder_->records())
      ledger.records_.emplace(Key{record.sample, record.technique}, record);
    return ledger;
  }

  bool has(const Sample& sample, size_t technique) const {
    return records_.contains({sample.id, technique});
  }
  Status add(Record record) {
    if (folder_ != nullptr) FATHOM_CHECK(folder_->add(record));
    Key key{record.sample, record.technique};
    records_.emplace(std::move(key), std::move(record));
    return {};
  }
  Status add_prompt(TaskRun& run, const Sample& sample) {
    if (folder_ == nullptr) return {};
    FATHOM_TRY(const Json prompt, run.prompt(sample));
    return prompt.is_null() ? Status() : folder_->add_prompt(sample.id, prompt);
  }
  size_t size() const { return records_.size(); }
  const Record& at(const Sample& sample, size_t technique) const {
    return records_.at({sample.id, technique});
  }

 private:
  std::unique_ptr<RunFolder> folder_;
  std::map<Key, Record> records_;
};

// The techniques that a sample was not measured under.
std::vector<size_t> missing(const Ledger& ledger, const Sample& sample, size_t techniques) {
  std::vector<size_t> wanted;
  for (size_t t = 0; t < techniques; ++t)
    if (!ledger.has(sample, t)) wanted.push_back(t);
  return wanted;
}

// Tells how far all of it is, from how far one measurement is.
class Course {
 public:
  Course(const Evaluation& evaluation, const std::vector<Sample>& samples)
      : progress_(evaluation.progress) {
    for (const Sample& sample : samples)
      total_ += sample.length * evaluation.header.techniques.size();
  }
  void skip(size_t tokens) { total_ -= tokens; }
  void finish(size_t tokens) { done_ += tokens; }
  ProgressFn of(size_t tokens) {
    return [this, tokens](const Progress& one) {
      const size_t within = one.total == 0 ? 0 : tokens * one.done / one.total;
      return !progress_ ||
             progress_({.done = done_ + within, .total = total_, .seconds = watch_.seconds()});
    };
  }

 private:
  const ProgressFn& progress_;
  size_t total_ = 0;
  size_t done_ = 0;
  Stopwatch watch_;
};

// A sample under one technique.
Status measure(const Sample& sample, size_t technique, Subject& subject, TaskRun& run,
               Course& course, Ledger& ledger) {
  subject.progress = course.of(sample.length);
  auto measured = run.measure(sample, subject);
  subject.close();
  if (!measured.ok()) return Error{"sample " + sample.id + ": " + measured.error().message};
  course.finish(sample.length);
  return ledger.add({.sample = sample.id,
                     .technique = technique,
                     .length = sample.length,
                     .facts = sample.facts,
                     .measured = std::move(*measured)});
}

}  // namespace

Result<EvaluationResult> evaluate(const Evaluation& evaluation) {
  const RunHeader& header = evaluation.header;
  FATHOM_TRY(const std::unique_ptr<TaskRun> run, evaluation.task->open(evaluation.input));
  FATHOM_TRY(Ledger ledger, Ledger::open(evaluation, *run));
  const std::vector<Sample>& samples = run->samples();
  std::vector<Subject> subjects;
  subjects.reserve(header.techniques.size());
  for (const Technique& technique : header.techniques)
    subjects.emplace_back(*evaluation.input.engine, technique, header.chunk,
                          run->shares_beginnings() ? evaluation.prefixes : std::nullopt);

  EvaluationResult result;
  result.resumed = ledger.size();
  Course course(evaluation, samples);
  for (const Sample& sample : samples)
    course.skip(sample.length *
                (subjects.size() - missing(ledger, sample, subjects.size()).size()));
  size_t length = 0;
  for (const Sample& sample : samples) {
    // The first of each length is read whole: its costs are those of its technique.
    for (Subject& subject : subjects) subject.recalls = sample.length == length;
    length = sample.length;
    const std::vector<size_t> wanted = missing(ledger, sample, subjects.size());
    if (!wanted.empty()) FATHOM_CHECK(ledger.add_prompt(*run, sample));
    for (const size_t technique : wanted)
      FATHOM_CHECK(measure(sample, technique, subjects[technique], *run, course, ledger));
  }
  for (const Sample& sample : samples)
    for (size_t t = 0; t < subjects.size(); ++t) result.records.push_back(ledger.at(sample, t));
  return result;
}

}  // namespace fathom
