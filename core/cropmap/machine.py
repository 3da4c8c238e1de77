"""Machine instructions that kernels need and Numba has no name for.

They are written for every processor: LLVM makes of them what it has, one instruction or several. No index is checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import cgutils, types
from numba.extending import intrinsic

from cropmap.kernels import kernel

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

LANES = 8  # Numbers that one instruction works on.
WORD = 64  # Marks that one word holds.
_LINE = 64  # Bytes of a cache line, on most processors.

_BYTES = ir.VectorType(ir.IntType(8), LANES)
_SINGLES = ir.VectorType(ir.FloatType(), LANES)
_DOUBLES = ir.VectorType(ir.DoubleType(), LANES)


def _lowest(context: Any, word: Any) -> tuple[Any, Any]:
    del context, word

    def write(_: Any, code: Any, __: Any, given: Any) -> Any:
        return code.cttz(given[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), write


def _highest(context: Any, word: Any) -> tuple[Any, Any]:
    del context, word

    def write(_: Any, code: Any, __: Any, given: Any) -> Any:
        return code.sub(ir.Constant(ir.IntType(64), 63), code.ctlz(given[0], ir.Constant(ir.IntType(1), 0)))

    return types.uint64(types.uint64), write


def _set_bits(context: Any, word: Any) -> tuple[Any, Any]:
    del context, word
    return types.uint64(types.uint64), lambda _, code, __, given: code.ctpop(given[0])


def _eight_marks(context: Any, marks: Any, place: Any) -> tuple[Any, Any]:
    del context, place

    def write(target: Any, code: Any, signature: Any, given: Any) -> Any:
        found = code.load(_address(target, code, signature.args[0], given, _BYTES), align=1)
        bits = code.icmp_unsigned("!=", found, ir.Constant(_BYTES, [0] * LANES))
        return code.zext(code.bitcast(bits, ir.IntType(LANES)), ir.IntType(64))

    return types.uint64(marks, types.uintp), write


def _blend(context: Any, known: Any, sides: Any, share: Any, made: Any, place: Any) -> tuple[Any, Any]:
    del context, sides, share, place

    def write(target: Any, code: Any, signature: Any, given: Any) -> Any:
        sides = ((given[0], code.extract_value(given[1], number)) for number in (0, 1))
        before, after = (_load(target, code, signature.args[0], side) for side in sides)
        rise = code.fmul(_all_lanes(code, given[2]), code.fsub(after, before), flags=["contract"])
        total = code.fadd(before, rise, flags=["contract"])
        _store(target, code, signature.args[3], given[3:], total)
        return target.get_dummy_value()

    return types.none(known, types.UniTuple(types.uintp, 2), types.float64, made, types.uintp), write  # type: ignore[no-untyped-call]


def _combine(context: Any, start: Any, rows: Any, terms: Any, made: Any, places: Any) -> tuple[Any, Any]:
    del context, places
    count = terms.types[0].count

    def write(target: Any, code: Any, signature: Any, given: Any) -> Any:
        kinds = signature.args
        begin, at = (code.extract_value(given[4], number) for number in (0, 1))
        total = _load(target, code, kinds[0], (given[0], begin))
        for number in range(count):
            part, factor = (code.extract_value(given[2], [which, number]) for which in (0, 1))
            row = _load(target, code, kinds[1], (given[1], part))
            product = code.fmul(_all_lanes(code, factor), row, flags=["contract"])
            total = code.fadd(total, product, flags=["contract"])
        _store(target, code, kinds[3], (given[3], at), total)
        return target.get_dummy_value()

    # Types are stated, so that Numba converts the places.
    several = [types.UniTuple(types.uintp, count), types.UniTuple(types.float64, count)]  # type: ignore[no-untyped-call]
    kinds = start, rows, types.Tuple(several), made, types.UniTuple(types.uintp, 2)  # type: ignore[no-untyped-call]
    return types.none(*kinds), write


def _exchange(context: Any, rows: Any, first: Any, second: Any) -> tuple[Any, Any]:
    del context, first, second

    def write(target: Any, code: Any, signature: Any, given: Any) -> Any:
        kind = signature.args[0]
        addresses = [_address(target, code, kind, (given[0], at), _SINGLES) for at in given[1:]]
        one, two = (code.load(address, align=4) for address in addresses)
        ordered = code.fcmp_ordered("<=", one, two)
        for address, pair in zip(addresses, ((one, two), (two, one)), strict=True):
            code.store(code.select(ordered, *pair), address, align=4)
        return target.get_dummy_value()

    return types.none(rows, types.uintp, types.uintp), write


def _turn(context: Any, planes: Any, source: Any, rows: Any, target: Any) -> tuple[Any, Any]:
    del context, source, target

    def write(machine: Any, code: Any, signature: Any, given: Any) -> Any:
        def places(array: int) -> Any:
            """Yield the addresses of eight vectors, each a stride after the one before."""
            place, stride = (code.extract_value(given[array + 1], part) for part in (0, 1))
            for _ in range(LANES):
                yield _address(machine, code, signature.args[array], (given[array], place), _SINGLES)
                place = code.add(place, stride)

        lines = [code.load(address, align=4) for address in places(0)]
        # Swap two corners of the square, then of its quarters, then of theirs: so rows become columns.
        for half in (4, 2, 1):
            early = [lane if not lane & half else LANES + lane - half for lane in range(LANES)]
            late = [lane + half if not lane & half else LANES + lane for lane in range(LANES)]
            for upper in (line for line in range(LANES) if not line & half):
                pair = lines[upper], lines[upper + half]
                lines[upper], lines[upper + half] = (code.shuffle_vector(*pair, _lanes(k)) for k in (early, late))
        for line, address in zip(lines, places(2), strict=True):
            code.store(line, address, align=4)
        return machine.get_dummy_value()

    pair = types.UniTuple(types.uintp, 2)  # type: ignore[no-untyped-call]
    return types.none(planes, pair, rows, pair), write


def _load(target: Any, code: Any, array_type: Any, given: Any) -> Any:
    """Return eight numbers of a flat array, float32 or float64, as float64; `given` begins with the array and place."""
    single = array_type.dtype == types.float32
    address = _address(target, code, array_type, given, _SINGLES if single else _DOUBLES)
    found = code.load(address, align=4 if single else 8)
    return code.fpext(found, _DOUBLES) if single else found


def _store(target: Any, code: Any, array_type: Any, given: Any, value: Any) -> None:
    """Write eight numbers, float64, into a flat array of float32 or float64."""
    single = array_type.dtype == types.float32
    address = _address(target, code, array_type, given, _SINGLES if single else _DOUBLES)
    code.store(code.fptrunc(value, _SINGLES) if single else value, address, align=4 if single else 8)


def _all_lanes(code: Any, number: Any) -> Any:
    one = code.insert_element(ir.Constant(_DOUBLES, ir.Undefined), number, ir.Constant(ir.IntType(32), 0))
    return code.shuffle_vector(one, one, _lanes([0] * LANES))


def _lanes(sources: list[int]) -> Any:
    return ir.Constant(ir.VectorType(ir.IntType(32), LANES), sources)


def _fetch(context: Any, array: Any, place: Any) -> tuple[Any, Any]:
    del context, place
    return types.none(array, types.uintp), _prefetch(0)


def _claim(context: Any, array: Any, place: Any) -> tuple[Any, Any]:
    del context, place
    return types.none(array, types.uintp), _prefetch(1)


def _prefetch(purpose: int) -> Any:
    def write(target: Any, code: Any, signature: Any, given: Any) -> Any:
        address = _address(target, code, signature.args[0], given, ir.IntType(8))
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [address.type, number, number, number])
        function = code.module.declare_intrinsic("llvm.prefetch", [address.type], kind)
        code.call(function, [address, number(purpose), number(3), number(1)])  # into all caches; it is data
        return target.get_dummy_value()

    return write


def _address(target: Any, code: Any, array_type: Any, given: Any, kind: Any) -> Any:
    """Return the address of a place of a flat array, as one of that kind; `given` begins with the array and place."""
    array = cgutils.create_struct_proxy(array_type)(target, code, value=given[0])  # type: ignore[no-untyped-call]
    return code.bitcast(code.gep(array.data, [given[1]]), kind.as_pointer())


lowest = cast("Callable[[np.uint64], np.uint64]", intrinsic(_lowest))
"""Position of the lowest bit that is set; 64 where none is."""

highest = cast("Callable[[np.uint64], np.uint64]", intrinsic(_highest))
"""Position of the highest bit that is set; meaningless where none is."""

set_bits = cast("Callable[[np.uint64], np.uint64]", intrinsic(_set_bits))
"""How many bits are set."""

eight_marks = cast("Callable[[NDArray[np.bool_], np.uintp], np.uint64]", intrinsic(_eight_marks))
"""The marks on the eight places from `place` on as bits, the first the lowest."""

_fetch_line = cast("Callable[[NDArray[Any], np.uintp], None]", intrinsic(_fetch))
_claim_line = cast("Callable[[NDArray[Any], np.uintp], None]", intrinsic(_claim))
turn = cast(
    "Callable[[NDArray[np.float32], tuple[np.uintp, np.uintp], NDArray[np.float32], tuple[np.uintp, np.uintp]], None]",
    intrinsic(_turn),
)
"""turn(planes, (source, stride), rows, (target, stride)): write eight times eight numbers, lines as columns.

Line k is read from source + k strides of `planes` on, and written from target + k strides of `rows` on; both are flat
arrays, C-contiguous.
"""

combine = cast("Callable[..., None]", intrinsic(_combine))
"""combine(start, rows, (parts, factors), made, (place, at)): a sum of rows, in the lanes k = 0 .. 7.

made[at + k] = start[place + k] + sum over i of factors[i] * rows[parts[i] + k]. The arrays are flat, C-contiguous,
float32 or float64; all is computed in float64 and rounded once, and no index is checked: leave room for 8 numbers
behind the last one.
"""

exchange = cast("Callable[..., None]", intrinsic(_exchange))
"""exchange(rows, first, second): puts the smaller of rows[first + k], rows[second + k] first, in the lanes k = 0 .. 7.

The array is flat, C-contiguous, float32, without NaN in the lanes that matter.
"""

_blend_lanes = cast(
    "Callable[[NDArray[np.float32], tuple[np.uintp, np.uintp], np.float64, NDArray[np.float32], np.uintp], None]",
    intrinsic(_blend),
)


@kernel
def word_of(marks: NDArray[np.bool_]) -> np.uint64:
    """Return at most 64 marks, C-contiguous, as the bits of one word, the first mark the lowest bit."""
    word: np.uint64 = np.uint64(0)
    place = np.uintp(0)
    while place + np.uintp(LANES) <= np.uintp(len(marks)):
        word |= eight_marks(marks, place) << place
        place += np.uintp(LANES)
    while place < np.uintp(len(marks)):
        word |= np.uint64(marks[place]) << place
        place += np.uintp(1)
    return word


@kernel
def fetch(numbers: NDArray[Any], first: int, last: int) -> None:
    """Bring places `first` .. `last` - 1 of a flat array, soon to be read, nearer; those outside it do no harm."""
    for place in range(first, last, _LINE // numbers.itemsize):
        _fetch_line(numbers, np.uintp(place))
    _fetch_line(numbers, np.uintp(last - 1))


@kernel
def claim(numbers: NDArray[Any], first: int, last: int) -> None:
    """Bring places `first` .. `last` - 1 of a flat array, soon to be written, nearer; those outside it do no harm."""
    for place in range(first, last, _LINE // numbers.itemsize):
        _claim_line(numbers, np.uintp(place))
    _claim_line(numbers, np.uintp(last - 1))


@kernel
def blend(
    known: NDArray[np.float32],
    sides: tuple[np.uintp, np.uintp],
    share: np.float64,
    made: NDArray[np.float32],
    place: np.uintp,
    count: np.uintp,
) -> None:
    """Write made[place + k] = known[left + k] + share * (known[right + k] - known[left + k]) for k = 0 .. count - 1.

    Works on whole vectors: up to LANES - 1 numbers more are read and written on either side's end, and both arrays must
    have room for them. Computed in float64, product and sum in one rounding where the processor can, and rounded once.

    Args:
        known: Flat, C-contiguous.
        sides: Where the left and the right numbers begin in `known`.
        share: The right ones' share.
        made: Flat, C-contiguous.
        place: Where the results begin in `made`.
        count: How many there are, at least one.
    """
    _blend_lanes(known, sides, share, made, place)
    for more in range(np.uintp(LANES), count, np.uintp(LANES)):
        _blend_lanes(known, (sides[0] + more, sides[1] + more), share, made, place + more)
