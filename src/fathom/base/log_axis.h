// A logarithmic axis of a plot: where values lie, and where it has ticks.
#pragma once

#include <string>
#include <vector>

namespace fathom {

// Where an axis has its ticks, and how they are written.
enum class Ticks {
  tokens,   // powers of two: 512, 4K, 1M; 1/8
  decades,  // powers of ten: 0.001, 1, 1000
};

class LogAxis {
 public:
  struct Tick {
    double value = 0;
    std::string label;
  };

  // Covers [least, most], 0 < least <= most, in pixels [at_least, at_most] (either way round). An
  // axis of decades ends at ticks.
  LogAxis(Ticks ticks, double least, double most, double at_least, double at_most);

  double pixel(double value) const;
  // Ascending, no more than a dozen.
  std::vector<Tick> ticks() const;

 private:
  Ticks kind_;
  double low_, high_;  // logarithms to the base of the ticks
  double at_low_, at_high_;
};

}  // namespace fathom
