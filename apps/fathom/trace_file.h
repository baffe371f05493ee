// A file of lines that grows while a command runs, and has its name only once it is whole.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>

#include "fathom/base/result.h"
#include "fathom/engine/new_file.h"

namespace fathom {

class TraceFile {
 public:
  // Errors name the path.
  static Result<std::unique_ptr<TraceFile>> create(const std::string& path) {
    FATHOM_TRY(NewFile file, NewFile::create(path));
    return std::unique_ptr<TraceFile>(new TraceFile(std::move(file)));
  }

  void add(const std::string& lines) {
    if (status_.ok()) status_ = file_.write(std::as_bytes(std::span(lines)));
  }
  // Error: something could not be written, now or before; then there is no file.
  Status finish() { return status_.ok() ? file_.install() : status_; }

 private:
  explicit TraceFile(NewFile file) : file_(std::move(file)) {}

  NewFile file_;
  Status status_;
};

}  // namespace fathom
