#include "fathom/simd/isa.h"

#include <algorithm>
#include <vector>

namespace fathom {
namespace {

constexpr Isa kAll[] = {Isa::portable, Isa::avx2,       Isa::avx2vnni,
                        Isa::avx512,   Isa::avx512bf16, Isa::neon};

bool runs_here(Isa isa) {
#if defined(__x86_64__)
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                    __builtin_cpu_supports("f16c") && __builtin_cpu_supports("bmi2");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vl");
  switch (isa) {
    case Isa::portable:
      return true;
    case Isa::avx2:
      return avx2;
    case Isa::avx2vnni:
      return avx2 && __builtin_cpu_supports("avxvnni");
    case Isa::avx512:
      return avx512;
    case Isa::avx512bf16:
      return avx512 && __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("avx512vnni");
    case Isa::neon:
      return false;
  }
  return false;
#elif defined(__aarch64__)
  return isa == Isa::portable || isa == Isa::neon;
#else
  return isa == Isa::portable;
#endif
}

}  // namespace

std::string_view name(Isa isa) {
  switch (isa) {
    case Isa::portable:
      return "portable";
    case Isa::avx2:
      return "avx2";
    case Isa::avx2vnni:
      return "avx2vnni";
    case Isa::avx512:
      return "avx512";
    case Isa::avx512bf16:
      return "avx512bf16";
    case Isa::neon:
      return "neon";
  }
  return "?";
}

std::span<const Isa> supported_isas() {
  static const std::vector<Isa> found = [] {
    std::vector<Isa> list;
    std::copy_if(std::begin(kAll), std::end(kAll), std::back_inserter(list), runs_here);
    return list;
  }();
  return found;
}

bool multiplies_bytes(Isa isa) {
  return isa == Isa::portable || isa == Isa::avx2vnni || isa == Isa::avx512bf16;
}
bool multiplies_bf16(Isa isa) { return isa == Isa::portable || isa == Isa::avx512bf16; }

Isa best_isa() { return supported_isas().back(); }

Result<Isa> parse_isa(std::string_view text) {
  if (text == "auto") return best_isa();
  std::string valid = "auto";
  for (Isa isa : supported_isas()) {
    if (text == name(isa)) return isa;
    valid += ", " + std::string(name(isa));
  }
  return Error{"instruction set '" + std::string(text) + "': this machine offers " + valid};
}

}  // namespace fathom
