// decode_impl.h in AVX-512.
#if defined(__x86_64__)
#include "fathom/quant/lanes_avx512.h"
//
#define FATHOM_LANES decode_avx512
#include "fathom/quant/decode_impl.h"
#endif
