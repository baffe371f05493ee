// The folder of one evaluation: what was asked, and what was measured so far.
//
//   run.json        the header (records.h)
//   results.jsonl   a record a line, in the order in which they were measured
//   samples.jsonl   what the model reads for each sample, and the right answers
//
// A run that was killed goes on where it was: a record counts once its line is complete, and a line
// that is not is cut off. One process at a time has a folder.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "fathom/base/result.h"
#include "fathom/eval/records.h"

namespace fathom {

class RunFolder {
 public:
  // Makes the folder, or goes on with the run that it holds. Errors name the path: it belongs to a
  // run of other settings (and which), another process has it, a damaged file, no permission.
  static Result<RunFolder> open(const std::string& path, const RunHeader& header);
  // A run's header and records, to look at.
  static Result<RunHeader> read_header(const std::string& path);
  static Result<std::vector<Record>> read_records(const std::string& path);

  RunFolder(RunFolder&& other) noexcept;
  RunFolder& operator=(RunFolder&&) = delete;
  ~RunFolder();

  const std::string& path() const { return path_; }
  const std::vector<Record>& records() const { return records_; }
  // Flushed to disk before it returns. Error: a full disk, ...
  Status add(Record record);
  // Unless the sample has one.
  Status add_prompt(const std::string& sample, const Json& prompt);

 private:
  explicit RunFolder(std::string path) : path_(std::move(path)) {}
  Status lock();
  Status append(int fd, const std::string& file, const Json& json);

  std::string path_;
  int lock_ = -1;
  int results_ = -1;
  int samples_ = -1;
  std::vector<Record> records_;
  std::set<std::string> prompted_;  // samples
};

}  // namespace fathom
