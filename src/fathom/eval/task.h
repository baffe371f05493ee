// An evaluation task: what `fathom eval NAME` runs. One file in tasks/ that defines a Task named as
// the file.
//
// A task makes samples from a seed, lengths and a tokenizer, always the same ones, and measures a
// sample under a technique. Everything else is common to all tasks: combinations of techniques,
// resuming, intervals, tables and pictures (evaluation.h, summary.h, report.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fathom/base/result.h"
#include "fathom/engine/engine.h"
#include "fathom/eval/subject.h"

namespace fathom {

// A file that was given.
struct EvalText {
  std::string name;  // for people
  std::string text;  // valid UTF-8 is not promised
};

struct TaskInput {
  Engine* engine = nullptr;
  std::vector<size_t> lengths;  // tokens, prompt and answer; ascending
  size_t samples = 0;           // of each length and kind; 0: as many as there are, or the default
  size_t depths = 10;           // where a task places something in a text
  uint64_t seed = 1;
  bool raw = false;                                                    // no chat template
  std::vector<EvalText> texts;                                         // -f
  std::map<std::string, std::vector<std::string>, std::less<>> flags;  // the task's own, as given

  // The first value of one of the task's own flags; none: it was not given.
  std::optional<std::string> flag(std::string_view name) const {
    const auto found = flags.find(name);
    if (found == flags.end() || found->second.empty()) return std::nullopt;
    return found->second.front();
  }
};

// The value of one of a task's own flags. Error: it is no whole number from `least` to `most`.
Result<size_t> whole_number(std::string_view flag, const std::string& text, size_t least,
                            size_t most);

struct Sample {
  std::string id;               // unique in its run, "niah_single_1/4096/3"
  size_t length = 0;            // tokens, prompt and answer: one of TaskInput::lengths
  Json facts = Json::object();  // what it is: {"depth": 0.5}
};

// What one sample gave under one technique.
struct Measurement {
  Json values = Json::object();   // by the names of Task::metrics; the first is always there
  Json details = Json::object();  // "answer", "references", ...: for people
  // Named curves over positions, [[position, value], ...].
  Json curves = Json::object();
  Json costs = Json::object();  // Subject::costs(), and more
};

class TaskRun {
 public:
  virtual ~TaskRun() = default;
  // By length, shortest first.
  virtual const std::vector<Sample>& samples() const = 0;
  // All subjects measure a sample one after another, so what it takes to make it, or to know what
  // is right, may be kept from one call to the next. Where a subject's progress stops it, an error.
  virtual Result<Measurement> measure(const Sample& sample, Subject& subject) = 0;
  // Whether samples begin with the same text, so that it pays to keep what is read of one.
  virtual bool shares_beginnings() const { return false; }
  // What the model reads for a sample, as text, with the answers that are right; null: nothing that
  // the given texts do not say.
  virtual Result<Json> prompt(const Sample&) { return Json(nullptr); }
};

struct Metric {
  enum class Shown : uint8_t { percent, number, exponential };  // exponential: of the mean, e^x
  std::string_view name;
  std::string_view label;  // of its axis: "answers found", "perplexity"
  bool higher_is_better = true;
  Shown shown = Shown::percent;
};

// A picture beside those that every task has (the first metric by length).
struct View {
  enum class Kind : uint8_t {
    heat,   // the first metric by length and a fact
    line,   // the first metric by a fact, a curve a length
    table,  // the first metric by length and a fact, as numbers
    curve,  // a curve of Measurement::curves over positions, a length a picture
  };
  Kind kind;
  std::string_view of;                           // the fact's or curve's name
  std::string_view label;                        // for people: "depth of the needle"
  Metric::Shown shown = Metric::Shown::percent;  // of a curve
};

struct TaskFlag {
  std::string_view name;  // "--needle"
  std::string_view help;  // one line
  std::string_view value = "TEXT";
  bool repeatable = false;
};

enum class TextUse : uint8_t { needed, taken, unused };  // of -f

struct Task {
  std::string_view name;
  std::string_view summary;  // one line
  std::string_view source;   // the paper
  std::string_view example;  // for the help: what follows `fathom eval NAME -m MODEL`
  TextUse text = TextUse::taken;
  std::span<const TaskFlag> flags;
  std::span<const Metric> metrics;  // the first is what techniques are compared by
  std::span<const View> views;
  // A mean of the first metric from which a length counts as passed; none: there is no such rule.
  std::optional<double> passing;
  std::string_view usual_lengths;  // as --lengths takes them
  size_t usual_samples = 0;        // 0: as many as there are
  // Errors of the input name the flag or file.
  Result<std::unique_ptr<TaskRun>> (*open)(const TaskInput& input);
};

namespace tasks {
std::span<const Task* const> all();
}  // namespace tasks

}  // namespace fathom
