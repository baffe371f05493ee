// Ctrl-C, or a polite kill, during a long run: the first asks it to stop cleanly, the second ends
// the program.
#pragma once

namespace fathom {

void catch_interrupt();  // from now on
bool interrupted();

}  // namespace fathom
