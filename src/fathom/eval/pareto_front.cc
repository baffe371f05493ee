#include "fathom/eval/pareto_front.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

namespace fathom {

std::vector<size_t> pareto_front(std::span<const Tradeoff> points) {
  std::vector<size_t> order;
  for (size_t i = 0; i < points.size(); ++i)
    if (std::isfinite(points[i].cost) && std::isfinite(points[i].loss)) order.push_back(i);
  std::ranges::sort(order, {},
                    [&](size_t i) { return std::tuple(points[i].cost, points[i].loss, i); });

  std::vector<size_t> front;
  double least_loss = std::numeric_limits<double>::infinity();
  for (const size_t i : order) {
    const bool better = points[i].loss < least_loss;
    const bool equal = !front.empty() && points[i].loss == points[front.back()].loss &&
                       points[i].cost == points[front.back()].cost;
    if (better || equal) front.push_back(i);
    least_loss = std::min(least_loss, points[i].loss);
  }
  return front;
}

}  // namespace fathom
