#include "fathom/simd/isa.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

namespace fathom {
namespace {

TEST(Isa, PortableIsFirstAndTheBestIsLast) {
  const std::span<const Isa> found = supported_isas();
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found.front(), Isa::portable);
  EXPECT_EQ(found.back(), best_isa());
  EXPECT_TRUE(std::is_sorted(found.begin(), found.end()));
}

TEST(Isa, NeonIsWhatAarch64Has) {
  const std::span<const Isa> found = supported_isas();
#if defined(__aarch64__)
  EXPECT_EQ(found.size(), 2u);
  EXPECT_EQ(best_isa(), Isa::neon);
#else
  EXPECT_EQ(std::count(found.begin(), found.end(), Isa::neon), 0);
#endif
}

#if defined(__x86_64__)
// Linux's own reading of CPUID, where the kernel is new enough to know the name.
TEST(Isa, Avx2VnniRunsWhereLinuxNamesIt) {
  std::ifstream file("/proc/cpuinfo");
  const std::string cpu(std::istreambuf_iterator<char>(file), {});
  const std::span<const Isa> found = supported_isas();
  const bool has = std::count(found.begin(), found.end(), Isa::avx2vnni) == 1;
  EXPECT_TRUE(has || cpu.find(" avx_vnni") == std::string::npos);
  EXPECT_TRUE(!has || std::count(found.begin(), found.end(), Isa::avx2) == 1);
}
#endif

TEST(Isa, IsFoundByItsName) {
  EXPECT_EQ(parse_isa("auto").value(), best_isa());
  for (const Isa isa : supported_isas()) EXPECT_EQ(parse_isa(name(isa)).value(), isa);
}

TEST(Isa, WhatDoesNotRunHereIsRefusedWithWhatDoes) {
  const std::string absent(name(best_isa() == Isa::neon ? Isa::avx2 : Isa::neon));
  for (const std::string& text : {absent, std::string("sse2"), std::string()}) {
    const Result<Isa> isa = parse_isa(text);
    ASSERT_FALSE(isa.ok()) << text;
    EXPECT_NE(isa.error().message.find("'" + text + "'"), std::string::npos);
    for (const Isa valid : supported_isas())
      EXPECT_NE(isa.error().message.find(name(valid)), std::string::npos);
  }
}

}  // namespace
}  // namespace fathom
