// Training's kernel as XLA calls it.
#pragma once

#include <string>
#include <vector>

namespace minnorm::train {

// What this processor can run, the best first.
std::vector<std::string> instruction_sets();

// The addresses of the XLA FFI handlers; see handler.cpp for what they take.
void* gradient_handler();
void* descent_handler();

}  // namespace minnorm::train
