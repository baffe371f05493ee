// decode_impl.h in NEON.
#if defined(__aarch64__)
#include "fathom/quant/lanes_neon.h"
//
#define FATHOM_LANES decode_neon
#include "fathom/quant/decode_impl.h"
#endif
