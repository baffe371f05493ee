// keep: every token. What a cache does that has room.
#include "fathom/kv/policy.h"

namespace fathom::policies {
namespace {

class Keep final : public Policy {
 public:
  std::string spec() const override { return "keep"; }
};

constexpr std::string_view kExamples[] = {"keep"};

Result<PolicyPtr> make(const Parameters&) { return PolicyPtr(std::make_shared<Keep>()); }

}  // namespace

extern const PolicyPlugin keep;
const PolicyPlugin keep = {
    .name = "keep",
    .summary = "everything",
    .paper = "the control",
    .parameters = {},
    .examples = kExamples,
    .make = make,
};

}  // namespace fathom::policies
