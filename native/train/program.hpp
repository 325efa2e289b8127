// An optimiser's update as a program, which src/minnorm/training/native/program.py translates from the optax definition.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace minnorm::train {

// The same numbers as in program.py.
enum class Op : int32_t {
    copy, negate, absolute, sign, sqrt, rsqrt, exp, log, cos, invert,       // of one operand
    add, subtract, multiply, divide, maximum, minimum, power,           // of two
    less, less_equal, greater, greater_equal, equal, not_equal, both, either,  // comparisons give 1 or 0
    multiply_add, multiply_subtract, subtract_multiply, select,         // a b + c, a b - c, c - a b, a ? b : c
};

enum class Type : int32_t { float32, float64, whole, truth };

struct Instruction {
    Op op;
    int32_t to, a, b, c;
};

struct ScalarInstruction {
    Instruction what;
    Type type;  // to which the result is rounded
};

// Instructions on arrays of one shape, element by element. An operand >= 0 is an array, first those of `slots`, then
// temporaries; an operand < 0 is the scalar -(operand + 1).
struct Component {
    std::vector<int32_t> slots;
    int32_t temporaries;
    std::vector<Instruction> instructions;
};

// One step: scalars first, then the arrays, then scalar results go back to their slots.
// Slots are the inputs in order; registers are the slots, then constants, then what is computed.
struct Program {
    int64_t slots, registers;
    std::vector<double> constants;
    std::vector<ScalarInstruction> scalars;
    struct Output {
        int32_t slot, from;
    };
    std::vector<Output> outputs;
    std::vector<Component> components;
};

Program decode(const int64_t* code, int64_t size, const double* constants, int64_t count);  // throws on nonsense

void run_scalars(const Program& program, double* registers);

}  // namespace minnorm::train
