// Training's kernel as XLA calls it.
#pragma once

#include <string>
#include <vector>

namespace minnorm::train {

// What this processor can run, the best first.
std::vector<std::string> instruction_sets();

// The address of the XLA FFI handler; see handler.cpp for what it takes.
void* handler();

}  // namespace minnorm::train
