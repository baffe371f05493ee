// What every benchmark report says of where and when it was taken.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "fathom/kernels/compute.h"

namespace fathom {

std::string cpu_name();  // as Linux tells

// {"cpu", "isa", "threads", "date"}; the date is today's in UTC, "2026-11-22".
nlohmann::ordered_json facts(const Compute& compute);

}  // namespace fathom
