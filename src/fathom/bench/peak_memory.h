// The most memory that this process has held at a time.
#pragma once

#include <cstddef>

namespace fathom {

// Starts anew from what is held now. Where Linux does not allow that, the peak stays that of the
// whole process.
void reset_peak_memory();
size_t peak_memory();  // bytes

}  // namespace fathom
