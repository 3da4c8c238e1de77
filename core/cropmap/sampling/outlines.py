"""Samples that stand in one field form one group, so that no split parts them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from cropmap.contract.errors import SampleError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cropmap.data.samples import LabelFeatures

_AREAL = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


def in_one_field(features: LabelFeatures, outlines: NDArray[Any] | None = None) -> LabelFeatures:
    """Join the groups of features that stand in one field.

    A point stands in a field whose outline it touches, a polygon in that in which a point inside it lies. Where a layer
    holds both points and polygons, its polygons are outlines to its points. Groups that a field joins become one, so
    samples of one farm stay together wherever they stand.

    Args:
        features: The labelled features.
        outlines: Outlines of fields in the features' CRS, (field,), object; none where None.

    Returns:
        The features with groups joined, named "outline/<number of the first field>"; notes say how many stand in
        a field. What stands in none keeps its group.

    Raises:
        SampleError: Outlines are given, but none is a polygon, or no feature stands in one.
    """
    areal = np.isin(shapely.get_type_id(features.geometries), _AREAL)
    anchors = features.geometries.copy()
    anchors[areal] = shapely.point_on_surface(anchors[areal])
    owned = np.empty((2, 0), np.intp)
    if areal.any() and not areal.all():
        # To join a point and the polygon around it, both stand in the polygon's own field.
        point, polygon = _standing(anchors[~areal], features.geometries[areal])
        hit = np.unique(polygon)
        members = np.concatenate([np.flatnonzero(~areal)[point], np.flatnonzero(areal)[hit]])
        owned = np.stack([members, np.concatenate([polygon, hit])])
    given = np.empty(0, object) if outlines is None else np.asarray(outlines, object)
    given = shapely.make_valid(given[np.isin(shapely.get_type_id(given), _AREAL)])
    feature, field = _standing(anchors, given)
    if outlines is not None and not len(feature):
        raise _none_stands(features, given)
    member, number = np.append(owned[0], feature), np.append(owned[1] + len(given), field)
    if not len(member) and outlines is None:
        return features
    notes = features.notes
    if outlines is not None:
        standing = f"{len(np.unique(feature))} of {len(features)} features stand in {len(np.unique(field))}"
        notes += (f"{standing} of {len(given)} field outlines: those of one field stay in one fold.",)
    return dataclasses.replace(features, groups=_joined(features.groups, member, number), notes=notes)


def _none_stands(features: LabelFeatures, given: NDArray[Any]) -> SampleError:
    if not len(given):
        return SampleError("The field outlines hold no polygon.", fix="Give a layer of polygons, or no field outlines.")
    return SampleError(
        f"None of the {len(features)} labelled features stands in one of the {len(given)} field outlines.",
        fix="Give outlines of this place, check the CRS of both layers, or give no field outlines.",
    )


def _standing(anchors: NDArray[Any], fields: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return which anchor stands in which field, two arrays (hit,)."""
    anchor, field = shapely.STRtree(fields).query(anchors, predicate="intersects")
    return anchor, field


def _joined(groups: NDArray[np.str_], member: NDArray[np.intp], field: NDArray[np.intp]) -> NDArray[np.str_]:
    """Return the groups, those that a field joins as one: the lowest number of a field spreads until nothing moves."""
    _, own = np.unique(groups, return_inverse=True)
    none = int(field.max(initial=-1)) + 1
    lowest = np.full(len(groups), none)  # of the fields that a group reaches, (group,)
    at_field = np.arange(none)
    while True:
        before = at_field.copy()
        np.minimum.at(lowest, own[member], at_field[field])
        np.minimum.at(at_field, field, lowest[own[member]])
        if np.array_equal(before, at_field):
            break
    found = lowest[own]
    return np.where(found < none, np.char.add("outline/", (found + 1).astype(np.str_)), groups).astype(np.str_)
