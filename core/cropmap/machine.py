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
        def side(number: int) -> Any:
            at = given[0], code.extract_value(given[1], number)
            return code.fpext(code.load(_address(target, code, signature.args[0], at, _SINGLES), align=4), _DOUBLES)

        before, after = side(0), side(1)
        one = code.insert_element(ir.Constant(_DOUBLES, ir.Undefined), given[2], ir.Constant(ir.IntType(32), 0))
        part = code.shuffle_vector(one, one, _lanes([0] * LANES))
        rise = code.fmul(part, code.fsub(after, before), flags=["contract"])
        value = code.fptrunc(code.fadd(before, rise, flags=["contract"]), _SINGLES)
        code.store(value, _address(target, code, signature.args[3], given[3:], _SINGLES), align=4)
        return target.get_dummy_value()

    return types.none(known, types.UniTuple(types.uintp, 2), types.float64, made, types.uintp), write  # type: ignore[no-untyped-call]


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
