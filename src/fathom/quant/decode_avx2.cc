// decode_impl.h in AVX2.
#if defined(__x86_64__)
#include "fathom/quant/lanes_avx2.h"
//
#define FATHOM_LANES decode_avx2
#include "fathom/quant/decode_impl.h"
#endif
