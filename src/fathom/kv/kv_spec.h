// What --kv says: how a cache stores keys and values, and what it keeps.
//
//   spec  = part { ";" part }                  each kind of part at most once, in any order
//   part  = types | policy
//   types = type | ("k" | "v") "=" type { "," ("k" | "v") "=" type }
//   type  = "f32" | "f16" | "bf16" | "q8" | "q4"
//   policy = name [ "(" key "=" value { "," key "=" value } ")" ]        policy.h
//
//   q8      k=q8, v=q4      q4; snapkv(budget=4096)      h2o(budget=0.1)
//
// What is left out is as attention multiplies it, and everything is kept.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "fathom/base/result.h"
#include "fathom/kernels/kv_type.h"
#include "fathom/kv/policy.h"

namespace fathom {

struct KvSpec {
  std::optional<KvType> keys;
  std::optional<KvType> values;
  PolicyPtr policy;  // never null once parsed

  // The same specification again, every parameter written out.
  std::string spec() const;
};

// An error is three lines: what is wrong and what would be valid, the specification, and a caret
// under the character at fault.
Result<KvSpec> parse_kv_spec(std::string_view text);

}  // namespace fathom
