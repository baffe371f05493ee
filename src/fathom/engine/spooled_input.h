// Standard input as a file: what reads it may go back, as it cannot in a pipe.
#pragma once

#include <string>

#include "fathom/base/result.h"

namespace fathom {

// A file without a name, gone with this.
class SpooledInput {
 public:
  // Reads standard input to its end, into `folder`. Errors: it cannot be read, or the folder (which
  // they name) is full.
  static Result<SpooledInput> read(const std::string& folder);

  SpooledInput(SpooledInput&& other) noexcept;
  SpooledInput& operator=(SpooledInput&&) = delete;
  ~SpooledInput();

  std::string path() const;  // by which this process can open it

 private:
  explicit SpooledInput(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace fathom
