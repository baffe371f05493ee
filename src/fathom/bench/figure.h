// A measured figure: what it is, where it was taken, and how near it comes to what the machine can
// do. Suites hand each to a FigureFn as soon as they have it.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include <nlohmann/json.hpp>

namespace fathom {

struct Figure {
  std::string name;               // "attention"
  nlohmann::ordered_json at;      // the point's coordinates: {"head_dim": 64, "depth": 8192}
  std::optional<double> value;    // none: it cannot be had here, and `note` says why
  std::string unit;               // "GFLOP/s"
  std::optional<double> ceiling;  // in the same unit
  std::string of;                 // what the ceiling is: "bf16 peak"
  std::optional<double> fraction;
  std::optional<double> error;  // against double: rms of the difference / rms of the result
  nlohmann::ordered_json more;  // what else this measurement tells: {"ms": 12.3}
  std::string note;
};

using FigureFn = std::function<void(const Figure& figure)>;

// Sets the ceiling of a rate, and the fraction that `value` is of it.
void set_ceiling(Figure& figure, std::optional<double> ceiling, std::string of);

// One line for people, without its end.
std::string to_line(const Figure& figure);

// One flat object, ready to plot: `at` and `more` stand beside the other keys; what is not known is
// null.
nlohmann::ordered_json to_json(const Figure& figure);

}  // namespace fathom
