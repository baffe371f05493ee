// What the program's files share to speak to people and to pipes.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "fathom/base/progress.h"
#include "fathom/base/result.h"

namespace fathom {

// Text from outside, fit for a terminal: control characters and bytes that are not UTF-8 become
// '?'.
std::string printable(std::string_view text);

// "1234567" as "1 234 567".
std::string grouped(size_t number);
// "93.8 MB", in powers of 1000.
std::string human_bytes(size_t bytes);
// One decimal, or none from 100 on.
std::string human_number(double number);

// To standard output, at once. Error: it cannot be written (closed, full disk).
Status print(std::string_view text);
// Strings in it that are not UTF-8 get U+FFFD.
Status print_json(const nlohmann::ordered_json& json);

// A line on standard error that says how far a run is, its speed and the time left; redrawn at most
// ten times a second, gone at the end. Nothing at all where standard error is not a terminal.
class ProgressLine {
 public:
  explicit ProgressLine(std::string_view verb);  // "reading"
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine();

  void show(const Progress& progress);

 private:
  std::string verb_;
  bool on_terminal_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace fathom
