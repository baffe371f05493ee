// The structure of a text, as far as attention cares: what of it ends with a token.
#pragma once

#include <cstdint>

namespace fathom {

// The largest that ends.
enum class TextEnd : uint8_t { nothing, sentence, paragraph, section };

}  // namespace fathom
