"""Step 4: the model, its settings, and how it is checked."""

from __future__ import annotations

from ..house import tr
from .page import FormPage, names_by_page


def model_page() -> FormPage:
    """Return the page that chooses the model."""
    page = FormPage(
        tr("Model"),
        tr(
            "What learns the crops' seasonal curves. It is checked on parts of the area that it has not seen, so that "
            "neighbouring samples cannot flatter it."
        ),
        names_by_page()["model"],
    )
    page.column.addStretch()
    return page
