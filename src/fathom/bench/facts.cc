#include "fathom/bench/facts.h"

#include <ctime>
#include <fstream>

namespace fathom {
namespace {

std::string today() {
  const std::time_t now = std::time(nullptr);
  std::tm date{};
  ::gmtime_r(&now, &date);
  char text[16];
  std::strftime(text, sizeof text, "%Y-%m-%d", &date);
  return text;
}

}  // namespace

std::string cpu_name() {
  std::ifstream cpus("/proc/cpuinfo");
  for (std::string line; std::getline(cpus, line);)
    if (line.starts_with("model name") && line.find(": ") != std::string::npos)
      return line.substr(line.find(": ") + 2);
  return "unknown";
}

nlohmann::ordered_json facts(const Compute& compute) {
  return {{"cpu", cpu_name()},
          {"isa", name(compute.isa)},
          {"threads", compute.pool->size()},
          {"date", today()}};
}

}  // namespace fathom
