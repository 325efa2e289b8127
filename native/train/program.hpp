// An optimiser's update as a program, which src/minnorm/training/native/program.py translates from the optax
// definition.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace minnorm::train {

// Of one operand; of two; comparisons, which give 1 or 0; a b + c, a b - c, c - a b, a ? b : c.
// clang-format off
#define MINNORM_OPERATIONS(X) \
    X(copy) X(negate) X(absolute) X(sign) X(sqrt) X(rsqrt) X(exp) X(log) X(cos) X(invert) \
    X(add) X(subtract) X(multiply) X(divide) X(maximum) X(minimum) X(power) \
    X(less) X(less_equal) X(greater) X(greater_equal) X(equal) X(not_equal) X(both) X(either) \
    X(multiply_add) X(multiply_subtract) X(subtract_multiply) X(select)
#define MINNORM_NAME(name) name,
#define MINNORM_TEXT(name) #name,
// clang-format on

enum class Op : int32_t { MINNORM_OPERATIONS(MINNORM_NAME) };

// Their names, by number.
constexpr const char* kOperations[] = {MINNORM_OPERATIONS(MINNORM_TEXT)};

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
