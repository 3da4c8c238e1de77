"""What the pages of this room share: templates and styles, how numbers are written, and the settings at the end."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

UNDEFINED = "\N{EN DASH}"


def render_page(
    template: str, styles: Sequence[str], filters: Mapping[str, Callable[..., str]], content: Mapping[str, Any]
) -> str:
    """Return a page's HTML, in which its styles stand.

    Args:
        template: Name of its template in this room.
        styles: Names of its style sheets in this room, in order.
        filters: How the template writes numbers, besides `percent`, `figure` and `count`; `data_uri` writes pictures.
        content: What the template names; its `settings` and `versions` as nested plain values.
    """
    environment = Environment(
        loader=FunctionLoader(_text), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"percent": percent, "figure": figure, "count": count, "data_uri": _data_uri, **filters}
    made = {"settings": flattened(content["settings"]), "versions": list(content["versions"].items())}
    style = "\n".join(_text(name) for name in styles)
    return environment.get_template(template).render({**content, **made, "style": style})


def flattened(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Return nested plain values as rows: "model.trees", "500"."""
    rows = []
    for key, value in values.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            rows += flattened(value, f"{name}.")
        else:
            rows.append((name, _setting(value)))
    return rows


def percent(share: float) -> str:
    """Return a share, 0..1, as text; a dash where there is none."""
    return UNDEFINED if not math.isfinite(share) else f"{100 * share:.1f} %"


def figure(value: float) -> str:
    """Return a number with three decimals; a dash where there is none."""
    return f"{value:.3f}" if math.isfinite(value) else UNDEFINED


def count(value: int) -> str:
    """Return a whole number with its thousands apart."""
    return f"{value:,}"


def seconds_text(seconds: float) -> str:
    """Return a time as people write it: "0.4 s", "3 min 20 s", "2 h 5 min"."""
    if seconds < 60:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def _data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def _setting(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(_setting(item) for item in value) or "none"
    return "not set" if value is None or value in ("", {}) else str(value)


def _text(name: str) -> str:
    return files("cropmap.assessment").joinpath(name).read_text(encoding="utf-8")
