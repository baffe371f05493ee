// SHA-256, as lower-case hexadecimal text.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "fathom/base/result.h"

struct evp_md_ctx_st;  // OpenSSL's

namespace fathom {

// The hash of the bytes it has been given.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept = default;
  Sha256& operator=(Sha256&&) noexcept = default;

  void add(std::span<const std::byte> bytes);
  void add(std::string_view text) { add(std::as_bytes(std::span(text))); }
  std::string finish();  // once; 64 digits

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

// Errors name the path.
Result<std::string> sha256_of_file(const std::string& path);

}  // namespace fathom
