"""An optimiser's update as a program for the native engine, translated from its one definition in JAX.

The update is traced. If every operation in it is a number's own business (a scalar, or element by element on arrays of
one shape), the native engine can run it between two gradients without leaving a network's nearest caches; an
optimiser that mixes elements (Muon, say) has no such program, and XLA runs it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from minnorm import _native

_CODES = {name: code for code, name in enumerate(_native.operations())}

_PRIMITIVES = {
    **{"neg": "negate", "abs": "absolute", "sign": "sign", "sqrt": "sqrt", "rsqrt": "rsqrt"},
    **{
        "exp": "exp",
        "log": "log",
        "cos": "cos",
        "not": "invert",
        "copy": "copy",
        "copy_p": "copy",
        "stop_gradient": "copy",
    },
    **{"add": "add", "add_any": "add", "sub": "subtract", "mul": "multiply", "div": "divide"},
    **{"max": "maximum", "min": "minimum", "pow": "power", "convert_element_type": "copy"},
    **{"lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal", "eq": "equal", "ne": "not_equal"},
    **{"and": "both", "or": "either", "broadcast_in_dim": "copy", "reshape": "copy", "squeeze": "copy"},
}
_INLINED = {"pjit": "jaxpr", "jit": "jaxpr", "custom_jvp_call": "call_jaxpr", "closed_call": "call_jaxpr"}
_TYPES = {"float32": 0, "float64": 1, "int32": 2, "int64": 2, "bool": 3}
_MOST_ROWS = 60  # arrays and temporaries of a component, fewer than native/train/update.hpp has room for


class _Mixed(Exception):
    """The function does more than arithmetic on scalars and on elements."""


@dataclass(frozen=True)
class Program:
    """Numbers for `native/train/program.hpp`: whole ones, and the constants."""

    code: np.ndarray
    constants: np.ndarray


@dataclass
class _Step:
    """to = operation(operands), with values by their number in the trace."""

    operation: str
    to: int
    operands: tuple[int, ...]


@dataclass
class _Trace:
    """The function's operations in order, calls written out, on numbered values; the inputs come first."""

    shapes: list[tuple[int, ...]] = field(default_factory=list)
    types: list[str] = field(default_factory=list)
    constants: dict[int, float] = field(default_factory=dict)
    known: dict[Any, int] = field(default_factory=dict)
    """Constants by value and type, and what was computed from the same operands before: each only once."""
    steps: list[_Step] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)

    def new(self, shape: tuple[int, ...], dtype: Any) -> int:
        self.shapes.append(tuple(shape))
        self.types.append(str(dtype))
        return len(self.shapes) - 1

    def constant(self, value: Any, dtype: Any) -> int:
        array = np.asarray(value, np.dtype(dtype))
        if array.shape:
            return self.unknown(array, [])
        key = (array.dtype.name, array.tobytes())
        if key not in self.known:
            self.known[key] = self.new((), dtype)
            self.constants[self.known[key]] = float(array.reshape(()))
        return self.known[key]

    def read(self, jaxpr: Any, inputs: Sequence[int], consts: Sequence[Any]) -> list[int]:
        known: dict[Any, int] = dict(zip(jaxpr.invars, inputs, strict=True))
        for variable, value in zip(jaxpr.constvars, consts, strict=True):
            known[variable] = self.constant(value, np.asarray(value).dtype)

        def value_of(atom: Any) -> int:
            return self.constant(atom.val, atom.aval.dtype) if hasattr(atom, "val") else known[atom]

        for equation in jaxpr.eqns:
            operands = [value_of(atom) for atom in equation.invars]
            try:
                results = self.equation(equation, operands)
            except _Mixed:  # no matter, unless an output needs it
                results = [self.unknown(variable.aval, operands) for variable in equation.outvars]
            known.update(zip(equation.outvars, results, strict=True))
        return [value_of(atom) for atom in jaxpr.outvars]

    def equation(self, equation: Any, operands: list[int]) -> list[int]:
        name = equation.primitive.name
        if name in _INLINED:
            inner = equation.params[_INLINED[name]]
            return self.read(inner.jaxpr, operands, inner.consts)
        aval = equation.outvars[0].aval
        if name == "integer_pow":
            return [self.integer_power(operands[0], equation.params["y"], aval)]
        if name == "square":
            return [self.step("multiply", aval, operands * 2)]
        if name == "select_n" and len(operands) == 3:
            return [self.step("select", aval, [operands[0], operands[2], operands[1]])]
        if name not in _PRIMITIVES or (name == "convert_element_type" and aval.shape and aval.dtype.kind not in "fb"):
            raise _Mixed
        if name in ("broadcast_in_dim", "reshape", "squeeze") and self.shapes[operands[0]] not in ((), aval.shape):
            raise _Mixed
        if name == "div" and aval.dtype.kind != "f":
            raise _Mixed
        return [self.step(_PRIMITIVES[name], aval, operands)]

    def unknown(self, like: Any, operands: Sequence[int]) -> int:
        """A value that programs can't say."""
        to = self.new(like.shape, like.dtype)
        self.steps.append(_Step("unknown", to, tuple(operands)))
        return to

    def integer_power(self, base: int, exponent: int, aval: Any) -> int:
        if not 0 < abs(exponent) <= 8:
            raise _Mixed
        power = base
        for _ in range(abs(exponent) - 1):
            power = self.step("multiply", aval, [power, base])
        return power if exponent > 0 else self.step("divide", aval, [self.constant(1, aval.dtype), power])

    def step(self, operation: str, aval: Any, operands: list[int]) -> int:
        if any(self.shapes[operand] not in ((), aval.shape) for operand in operands):
            raise _Mixed
        if aval.dtype.name not in _TYPES or (aval.shape and aval.dtype.kind not in "fb"):
            raise _Mixed
        if operation == "copy" and _kind(self, operands[0]) == (aval.shape, aval.dtype.name):
            return operands[0]
        key = (operation, tuple(operands), aval.shape, aval.dtype.name)
        if key not in self.known:
            self.known[key] = self.new(aval.shape, aval.dtype)
            self.steps.append(_Step(operation, self.known[key], tuple(operands)))
        return self.known[key]


def elementwise_program(function: Callable[..., Any], inputs: Any, targets: Sequence[int]) -> Program | None:
    """The program of `function(*inputs)`, whose flat output i replaces the flat input `targets[i]`.

    Returns None if the function mixes elements of an array, or does anything else that programs can't say.

    >>> x = np.ones(3, np.float32)
    >>> elementwise_program(lambda p, g: p - 0.1 * g, (x, x), [0]) is not None
    True
    >>> elementwise_program(lambda p, g: p - g / (g * g).sum(), (x, x), [0]) is None
    True
    """
    closed = jax.make_jaxpr(function)(*inputs)
    trace = _Trace()
    slots = [trace.new(aval.shape, aval.dtype) for aval in closed.in_avals]
    try:
        trace.outputs = trace.read(closed.jaxpr, slots, closed.consts)
        return _encode(trace, len(slots), list(targets))
    except _Mixed:
        return None


def _encode(trace: _Trace, slots: int, targets: list[int]) -> Program:
    for target, output in zip(targets, trace.outputs, strict=True):
        if _kind(trace, target) != _kind(trace, output):
            raise _Mixed
    steps = _merged(_needed(_reciprocals(trace), trace), trace)
    if any(step.operation == "unknown" for step in steps):
        raise _Mixed
    registers = _registers(trace, slots, steps)
    code = [slots, len(registers)]
    scalar = [step for step in steps if not trace.shapes[step.to]]
    code.append(len(scalar))
    for step in scalar:
        operands = [registers[operand] for operand in step.operands]
        code += [_CODES[step.operation], registers[step.to], *operands, *[operands[0]] * (3 - len(operands))]
        code.append(_TYPES[trace.types[step.to]])
    whole = [
        (target, output) for target, output in zip(targets, trace.outputs, strict=True) if not trace.shapes[target]
    ]
    code.append(len(whole))
    for target, output in whole:
        code += [target, registers[output]]
    components = _components(trace, slots, steps, targets)
    code.append(len(components))
    for part, results in components:
        code += _encode_component(trace, slots, part, results, registers)
    constants = np.array([trace.constants[value] for value in sorted(trace.constants)], np.float64)
    return Program(np.array(code, np.int64), constants)


def _reciprocals(trace: _Trace) -> list[_Step]:
    """Arrays divided by a scalar, as multiplied by its reciprocal."""
    steps: list[_Step] = []
    inverses: dict[int, int] = {}
    for step in trace.steps:
        if step.operation == "divide" and trace.shapes[step.to] and not trace.shapes[step.operands[1]]:
            over = step.operands[1]
            if over not in inverses:
                inverses[over] = trace.new((), trace.types[over])
                steps.append(_Step("divide", inverses[over], (trace.constant(1, trace.types[over]), over)))
            step = _Step("multiply", step.to, (step.operands[0], inverses[over]))
        if step.operation == "add" and any(trace.constants.get(operand) == 0 for operand in step.operands):
            # x + 0 is x up to the sign of 0.
            kept = [operand for operand in step.operands if trace.constants.get(operand) != 0]
            step = _Step("copy", step.to, tuple(kept[:1] or step.operands[:1]))
        steps.append(step)
    return steps


def _needed(steps: list[_Step], trace: _Trace) -> list[_Step]:
    """Steps that an output depends on, with copies, and arrays of one number, looked through."""
    same: dict[int, int] = {}
    outputs = set(trace.outputs)
    kept = []
    for step in steps:
        operands = tuple(same.get(operand, operand) for operand in step.operands)
        looked_through = step.operation == "copy" and trace.types[operands[0]] == trace.types[step.to]
        if looked_through and (step.to not in outputs or trace.shapes[operands[0]] == trace.shapes[step.to]):
            same[step.to] = operands[0]
            continue
        kept.append(_Step(step.operation, step.to, operands))
    trace.outputs = [same.get(output, output) for output in trace.outputs]
    needed, reverse = set(trace.outputs), []
    for step in reversed(kept):
        if step.to in needed:
            needed.update(step.operands)
            reverse.append(step)
    return reverse[::-1]


def _kind(trace: _Trace, value: int) -> tuple[tuple[int, ...], str]:
    return trace.shapes[value], trace.types[value]


def _merged(steps: list[_Step], trace: _Trace) -> list[_Step]:
    """Products that only one sum needs go into it: a b + c, a b - c, c - a b."""
    uses: dict[int, int] = {}
    for value in [*(operand for step in steps for operand in step.operands), *trace.outputs]:
        uses[value] = uses.get(value, 0) + 1
    products = {
        step.to: step for step in steps if step.operation == "multiply" and uses[step.to] == 1 and trace.shapes[step.to]
    }
    gone, merged = set(), []
    for step in steps:
        if step.operation in ("add", "subtract") and trace.shapes[step.to]:
            for place in (0, 1):
                product = products.get(step.operands[place])
                if product is not None:
                    operation = (
                        "multiply_add" if step.operation == "add" else ("multiply_subtract", "subtract_multiply")[place]
                    )
                    gone.add(product.to)
                    step = _Step(operation, step.to, (*product.operands, step.operands[1 - place]))
                    break
        merged.append(step)
    return [step for step in merged if step.to not in gone]


def _registers(trace: _Trace, slots: int, steps: list[_Step]) -> dict[int, int]:
    """Numbers of scalars: slots (all of them, arrays too), constants, what is computed."""
    order = [*range(slots), *sorted(trace.constants)]
    order += [step.to for step in steps if not trace.shapes[step.to]]
    return {value: register for register, value in enumerate(order)}


def _components(
    trace: _Trace, slots: int, steps: list[_Step], targets: list[int]
) -> list[tuple[list[_Step], list[tuple[int, int]]]]:
    """Steps on arrays, and outputs (target, value), by groups that have no array in common."""
    leader = list(range(len(trace.shapes)))

    def find(value: int) -> int:
        while leader[value] != value:
            value = leader[value]
        return value

    results = [(t, o) for t, o in zip(targets, trace.outputs, strict=True) if trace.shapes[t] and t != o]
    for step in steps:
        if trace.shapes[step.to]:
            for operand in step.operands:
                if trace.shapes[operand]:
                    leader[find(operand)] = find(step.to)
    for target, output in results:
        leader[find(target)] = find(output)
    groups: dict[int, tuple[list[_Step], list[tuple[int, int]]]] = {}
    for step in steps:
        if trace.shapes[step.to]:
            groups.setdefault(find(step.to), ([], []))[0].append(step)
    for target, output in results:
        groups.setdefault(find(output), ([], []))[1].append((target, output))
    return list(groups.values())


def _encode_component(
    trace: _Trace, slots: int, steps: list[_Step], results: list[tuple[int, int]], registers: dict[int, int]
) -> list[int]:
    """Slots, number of temporaries, instructions; a result goes straight to its slot where no one still reads that."""
    steps = list(steps)
    last = {operand: i for i, step in enumerate(steps) for operand in step.operands}
    made = {step.to: i for i, step in enumerate(steps)}
    outputs = [output for _, output in results]
    straight: dict[int, int] = {}
    for target, output in results:
        if output in made and outputs.count(output) == 1 and last.get(target, -1) <= made[output]:
            straight[output] = target
    late = []
    for target, output in results:
        if straight.get(output) != target:
            late.append(_Step("copy", target, (output,)))
    arrays = [v for step in steps for v in step.operands if v < slots and trace.shapes[v]]
    used = sorted({*arrays, *(target for target, _ in results), *(o for o in outputs if o < slots)})
    changed = {target for target, _ in results}
    if any(step.operands[0] in changed for step in late):
        raise _Mixed  # slots that change places: no optimiser does so
    row = {slot: i for i, slot in enumerate(used)}
    row |= {output: row[target] for output, target in straight.items()}
    steps += late
    last = {operand: i for i, step in enumerate(steps) for operand in step.operands}
    free: list[int] = []
    count = 0
    code = []
    for i, step in enumerate(steps):
        places = [row[v] if trace.shapes[v] else -registers[v] - 1 for v in step.operands]
        for value in set(step.operands):
            if trace.shapes[value] and row[value] >= len(used) and last[value] == i:
                free.append(row[value])
        if step.to not in row:
            if not free:
                free.append(len(used) + count)
                count += 1
            row[step.to] = free.pop()
        code += [_CODES[step.operation], row[step.to], *places, *[places[0]] * (3 - len(places))]
    if len(used) + count > _MOST_ROWS:
        raise _Mixed
    return [len(used), *used, count, len(steps), *code]
