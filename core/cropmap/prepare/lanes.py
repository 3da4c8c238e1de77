"""Eight numbers at a time: what loops over a few bands cannot tell the compiler."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from llvmlite import ir  # type: ignore[import-untyped]
from numba.core import cgutils, types
from numba.extending import intrinsic

if TYPE_CHECKING:
    from collections.abc import Callable

LANES = 8
_FIRST_LANE = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
_DOUBLES = ir.VectorType(ir.DoubleType(), LANES)
_SINGLES = ir.VectorType(ir.FloatType(), LANES)


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
        one, two = (code.load(_address(target, code, kind, (given[0], at)), align=4) for at in given[1:])
        ordered = code.fcmp_ordered("<=", one, two)
        code.store(code.select(ordered, one, two), _address(target, code, kind, (given[0], given[1])), align=4)
        code.store(code.select(ordered, two, one), _address(target, code, kind, (given[0], given[2])), align=4)
        return target.get_dummy_value()

    return types.none(rows, types.uintp, types.uintp), write


def _all_lanes(code: Any, number: Any) -> Any:
    one = code.insert_element(ir.Constant(_DOUBLES, ir.Undefined), number, ir.Constant(ir.IntType(32), 0))
    return code.shuffle_vector(one, one, _FIRST_LANE)


def _load(target: Any, code: Any, kind: Any, where: tuple[Any, Any]) -> Any:
    single = kind.dtype == types.float32
    found = code.load(_address(target, code, kind, where), align=4 if single else 8)
    return code.fpext(found, _DOUBLES) if single else found


def _store(target: Any, code: Any, kind: Any, where: tuple[Any, Any], value: Any) -> None:
    single = kind.dtype == types.float32
    code.store(
        code.fptrunc(value, _SINGLES) if single else value,
        _address(target, code, kind, where),
        align=4 if single else 8,
    )


def _address(target: Any, code: Any, kind: Any, where: tuple[Any, Any]) -> Any:
    """Return where the vector lies that begins at a place of a flat array."""
    array = cgutils.create_struct_proxy(kind)(target, code, value=where[0])  # type: ignore[no-untyped-call]
    vector = _SINGLES if kind.dtype == types.float32 else _DOUBLES
    return code.bitcast(code.gep(array.data, [where[1]]), vector.as_pointer())


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
