// decode_impl.h in plain C++.
#include "fathom/quant/lanes_portable.h"
//
#define FATHOM_LANES decode_portable
#include "fathom/quant/decode_impl.h"
