#include "fathom/base/log_axis.h"

#include <cassert>
#include <cmath>
#include <cstdint>
#include <cstdio>

namespace fathom {
namespace {

constexpr int kMostTicks = 12;

double log_of(Ticks kind, double value) {
  return kind == Ticks::tokens ? std::log2(value) : std::log10(value);
}

// "512", "4K", "1M": 2^power tokens; K is 1024.
std::string tokens_label(int power) {
  if (power < 0) return "1/" + tokens_label(-power);
  const char* const units[] = {"", "K", "M", "G", "T", "P", "E"};
  return std::to_string(uint64_t{1} << (power % 10)) + units[power / 10];
}

// "0.001", "1", "1000"; "1e-7".
std::string decades_label(int power) {
  char text[32];
  if (power < -4 || power > 5)
    std::snprintf(text, sizeof text, "1e%d", power);
  else
    std::snprintf(text, sizeof text, "%.*f", power < 0 ? -power : 0, std::pow(10.0, power));
  return text;
}

}  // namespace

LogAxis::LogAxis(Ticks ticks, double least, double most, double at_least, double at_most)
    : kind_(ticks),
      low_(log_of(ticks, least)),
      high_(log_of(ticks, most)),
      at_low_(at_least),
      at_high_(at_most) {
  assert(0 < least && least <= most && std::isfinite(most));
  if (ticks == Ticks::decades) {
    low_ = std::floor(low_);
    high_ = std::ceil(high_);
  }
  if (low_ == high_) {  // a single value lies in the middle
    low_ -= 1;
    high_ += 1;
  }
}

double LogAxis::pixel(double value) const {
  return at_low_ + (log_of(kind_, value) - low_) / (high_ - low_) * (at_high_ - at_low_);
}

std::vector<LogAxis::Tick> LogAxis::ticks() const {
  // A hair's breadth is forgiven: the logarithm of a power may come out beside it.
  const int first = static_cast<int>(std::ceil(low_ - 1e-9));
  const int last = static_cast<int>(std::floor(high_ + 1e-9));
  const int step = (last - first) / kMostTicks + 1;
  std::vector<Tick> ticks;
  for (int power = first; power <= last; power += step)
    ticks.push_back(kind_ == Ticks::tokens ? Tick{std::exp2(power), tokens_label(power)}
                                           : Tick{std::pow(10.0, power), decades_label(power)});
  return ticks;
}

}  // namespace fathom
