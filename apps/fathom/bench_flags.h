// What the subcommands of `fathom bench` share: flags, and the printing of figures.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "fathom/bench/ceilings.h"
#include "fathom/bench/figure.h"

namespace fathom {

struct BenchFlags {
  size_t threads = 0;
  std::string isa = "auto";
  double seconds = 0.3;
  bool json = false;
};

void add_bench_flags(CLI::App& app, BenchFlags& flags);
void add_seconds_flag(CLI::App& app, double& seconds);
void add_json_flag(CLI::App& app, bool& json);

// An option that takes several numbers: "0,4096" or "0 4096". Its default is what `numbers` holds.
void add_numbers(CLI::App& app, const std::string& flag, std::vector<size_t>& numbers,
                 const std::string& help, uint64_t least, uint64_t most);

// A thread pool and what else a suite runs with. Error: names the flag.
struct BenchMachine {
  static Result<BenchMachine> make(const BenchFlags& flags);
  std::unique_ptr<ThreadPool> pool;
  BenchRun run;
};

// A line of each figure as soon as it is there; with --json, where output is one object, on
// standard error.
class FigurePrinter {
 public:
  explicit FigurePrinter(bool json) : json_(json) {}
  void operator()(const Figure& figure);

  // Ends the output. `settings` goes into the object. Error: it cannot be written.
  Status finish(std::string_view suite, const Compute& compute,
                nlohmann::ordered_json settings = nlohmann::ordered_json::object());

 private:
  bool json_;
  Status printed_;
  std::vector<Figure> figures_;
};

// "f32, bf16".
template <class Values>
std::string names_of(const Values& values, std::string_view between = ", ") {
  std::string names;
  for (const auto& value : values) {
    if (!names.empty()) names += between;
    names += name(value);
  }
  return names;
}

// The values that a flag names. Error: one that there is not; says which there are.
template <class Values>
auto choose(std::string_view flag, const std::vector<std::string>& texts, const Values& values)
    -> Result<std::vector<typename Values::value_type>> {
  std::vector<typename Values::value_type> chosen;
  for (const std::string& text : texts) {
    const auto found = std::find_if(values.begin(), values.end(),
                                    [&](const auto& value) { return text == name(value); });
    if (found == values.end())
      return Error{std::string(flag) + ": no '" + text + "': one of " + names_of(values)};
    chosen.push_back(*found);
  }
  return chosen;
}

}  // namespace fathom
