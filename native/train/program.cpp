// Programs' scalar part: a few numbers a step, in double, each result rounded to its own type.
#include "program.hpp"

#include <cmath>
#include <stdexcept>

namespace minnorm::train {

namespace {

struct Reader {
    const int64_t *at, *end;
    int64_t next(int64_t least, int64_t most) {
        if (at == end || *at < least || *at > most) throw std::invalid_argument("not a program");
        return *at++;
    }
    int32_t index(int64_t count) { return static_cast<int32_t>(next(0, count - 1)); }
};

Instruction instruction(Reader& reader, int64_t targets, int64_t operands, int64_t scalars) {
    Instruction found{};
    found.op = static_cast<Op>(reader.next(0, static_cast<int64_t>(Op::select)));
    found.to = reader.index(targets);
    for (int32_t* operand : {&found.a, &found.b, &found.c})
        *operand = static_cast<int32_t>(reader.next(-scalars, operands - 1));
    return found;
}

double evaluate(const Instruction& i, const double* r) {
    const double a = r[i.a], b = r[i.b], c = r[i.c];
    switch (i.op) {
        case Op::copy: return a;
        case Op::negate: return -a;
        case Op::absolute: return std::fabs(a);
        case Op::sign: return a > 0 ? 1.0 : a < 0 ? -1.0 : a;
        case Op::sqrt: return std::sqrt(a);
        case Op::rsqrt: return 1 / std::sqrt(a);
        case Op::exp: return std::exp(a);
        case Op::log: return std::log(a);
        case Op::cos: return std::cos(a);
        case Op::invert: return a == 0;
        case Op::add: return a + b;
        case Op::subtract: return a - b;
        case Op::multiply: return a * b;
        case Op::divide: return a / b;
        case Op::maximum: return a > b || a != a ? a : b;
        case Op::minimum: return a < b || a != a ? a : b;
        case Op::power: return std::pow(a, b);
        case Op::less: return a < b;
        case Op::less_equal: return a <= b;
        case Op::greater: return a > b;
        case Op::greater_equal: return a >= b;
        case Op::equal: return a == b;
        case Op::not_equal: return a != b;
        case Op::both: return a != 0 && b != 0;
        case Op::either: return a != 0 || b != 0;
        case Op::multiply_add: return a * b + c;
        case Op::multiply_subtract: return a * b - c;
        case Op::subtract_multiply: return c - a * b;
        case Op::select: return a != 0 ? b : c;
    }
    return a;
}

}  // namespace

Program decode(const int64_t* code, int64_t size, const double* constants, int64_t count) {
    constexpr int64_t kMost = 1 << 20;
    Reader reader{code, code + size};
    Program program;
    program.slots = reader.next(0, kMost);
    program.registers = reader.next(program.slots + count, kMost);
    program.constants.assign(constants, constants + count);
    for (int64_t n = reader.next(0, kMost); n > 0; --n) {
        const Instruction what = instruction(reader, program.registers, program.registers, 0);
        program.scalars.push_back({what, static_cast<Type>(reader.next(0, 3))});
    }
    for (int64_t n = reader.next(0, kMost); n > 0; --n) {
        const int32_t slot = reader.index(program.slots);
        program.outputs.push_back({slot, reader.index(program.registers)});
    }
    for (int64_t n = reader.next(0, kMost); n > 0; --n) {
        Component component;
        for (int64_t s = reader.next(1, kMost); s > 0; --s) component.slots.push_back(reader.index(program.slots));
        component.temporaries = static_cast<int32_t>(reader.next(0, kMost));
        const int64_t arrays = static_cast<int64_t>(component.slots.size()) + component.temporaries;
        for (int64_t i = reader.next(0, kMost); i > 0; --i)
            component.instructions.push_back(instruction(reader, arrays, arrays, program.registers));
        program.components.push_back(std::move(component));
    }
    if (reader.at != reader.end) throw std::invalid_argument("not a program");
    return program;
}

void run_scalars(const Program& program, double* registers) {
    for (const auto& [what, type] : program.scalars) {
        const double value = evaluate(what, registers);
        double& to = registers[what.to];
        switch (type) {
            case Type::float32: to = static_cast<float>(value); break;
            case Type::float64: to = value; break;
            case Type::whole: to = std::trunc(value); break;
            case Type::truth: to = value != 0; break;
        }
    }
}

}  // namespace minnorm::train
