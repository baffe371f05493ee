// The command that this process was started with.
#pragma once

#include <string>

namespace fathom {

// Quoted for a shell; empty where the system does not tell.
std::string typed_command();

}  // namespace fathom
