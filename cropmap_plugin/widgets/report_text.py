"""Reports made plain: a page that only a browser lays out, as the small HTML that a text widget can show. No Qt."""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_VOID = frozenset({"br", "hr", "img", "meta", "link", "col"})
# With all that is in them.
_DROPPED = frozenset({"style", "script", "title", "svg", "noscript", "template", "iframe", "object"})
_KEPT = {"p", "h1", "h2", "h3", "h4", "ul", "ol", "li", "b", "strong", "em", "a", "br", "hr", "img", "code"}
_CELLS = {"table", "thead", "tbody", "tr", "th", "td"}
_ATTRIBUTES = {"a": ("href", "name"), "img": ("src", "alt"), "th": ("colspan", "rowspan"), "td": ("colspan", "rowspan")}
_IN_LINES = {"span", "i", "b", "p", "td", "th", "li", "label", "small"}
_OF_PICTURES = {"scale", "ramp", "ends", "lines", "marks"}  # classes of what stands over or beside a picture
_MUTED = "#6b7280"
_SMALL = f'<span style="color:{_MUTED}; font-size:small">'
_BOX = '<table width="100%" cellspacing="0" cellpadding="12" bgcolor="{colour}"><tr><td>'
_COLOUR = re.compile(r"background(?:-color)?:\s*(#[0-9a-fA-F]{3,8})\b")
_PER_ROW = 3  # cards
# What opens and what closes: of tags, and of blocks by their class.
_STAND_INS = {
    "summary": ("<h3>", "</h3>"),
    "small": ("<br>" + _SMALL, "</span>"),
    "figcaption": ("<br>" + _SMALL, "</span>"),
    "caption": (_SMALL, "</span>"),
    **dict.fromkeys(("figure", "footer", "header", "details"), ("<p>", "</p>")),
}
_BLOCKS = {
    "cards": ('<table width="100%" cellspacing="8" cellpadding="12"><tr>', "</tr></table>"),
    "value": ('<span style="font-size:x-large; font-weight:600">', "</span><br>"),
    "label": (_SMALL, "</span><br>"),
    "detail": (_SMALL, "</span>"),
}


def plain_page(page: str, drawing: str = "") -> str:
    """Return a report's page for a text widget.

    Args:
        page: The page as it is.
        drawing: What stands where a drawing was, which such a widget cannot show.

    Sections become boxes, cards become cells, folded parts stand open, bars are left to their figures, pictures stay;
    scripts, styles and whatever leads to other files of the disk are dropped.
    """
    parser = _Plain(drawing)
    parser.feed(page)
    parser.close()
    return f"<html><body>{''.join(parser.out)}</body></html>"


class _Plain(HTMLParser):
    """Writes each tag anew; what an open tag has to be closed with is kept on a stack."""

    def __init__(self, drawing: str) -> None:
        super().__init__(convert_charrefs=True)
        self._drawing = f"<p>{_SMALL}{escape(drawing)}</span></p>" if drawing else ""
        self.out: list[str] = []
        self._open: list[tuple[str, str]] = []  # tag, and what closes it
        self._dropped = 0
        self._cards = 0

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        """Write what stands for a tag; called by the parser."""
        if self._dropped or tag in _DROPPED:
            if tag == "svg" and not self._dropped and not self._in_key():
                self.out.append(self._drawing)
            self._dropped += tag not in _VOID
            return
        given = {name: value or "" for name, value in attrs}
        classes = set(given.get("class", "").split())
        if classes & _OF_PICTURES and tag not in _VOID:
            self._dropped += 1
            return
        before, after = self._written(tag, given, classes)
        self.out.append(before)
        if tag not in _VOID:
            self._open.append((tag, after))

    def _in_key(self) -> bool:
        """Return whether what comes is a sign in a line of words, as in a legend."""
        return bool(self._open) and self._open[-1][0] in _IN_LINES

    def handle_endtag(self, tag: str) -> None:
        """Write what closes a tag, and those that were left open in it; called by the parser."""
        if self._dropped:
            self._dropped -= tag not in _VOID
            return
        if not any(opened == tag for opened, _after in self._open):
            return
        while self._open:
            opened, after = self._open.pop()
            self.out.append(after)
            if opened == tag:
                return

    def handle_data(self, data: str) -> None:
        """Write text; called by the parser."""
        if not self._dropped:
            self.out.append(escape(data))

    def _written(self, tag: str, given: dict[str, str], classes: set[str]) -> tuple[str, str]:
        """Return what opens and what closes the stand-in of a tag."""
        if tag in {"section", "div"}:
            return self._block(tag, given, classes)
        if tag in {"i", "span"}:
            return _words(given)
        if tag in _KEPT | _CELLS:
            return _opened(tag, given, classes), "" if tag in _VOID else f"</{tag}>"
        return _STAND_INS.get(tag, ("", ""))

    def _block(self, tag: str, given: dict[str, str], classes: set[str]) -> tuple[str, str]:
        known = next((written for name, written in _BLOCKS.items() if name in classes), None)
        if known is not None:
            self._cards *= "cards" not in classes
            return known
        if "card" in classes:
            self._cards += 1
            row = "</tr><tr>" if self._cards > 1 and self._cards % _PER_ROW == 1 else ""
            return f'{row}<td bgcolor="#ffffff" width="{100 // _PER_ROW}%">', "</td>"
        if tag == "section":
            return _BOX.format(colour="#fffbeb" if "warning" in classes else "#ffffff"), "</td></tr></table><br>"
        return f'<div id="{escape(given["id"])}">' if "id" in given else "<div>", "</div>"


def _words(given: dict[str, str]) -> tuple[str, str]:
    """Return the stand-in of a span: a class's colour, a fact, or nothing for a bar, which has its figure beside it."""
    colour = _COLOUR.search(given.get("style", ""))
    if colour:
        return f'<span style="background-color:{colour[1]}">&nbsp;&nbsp;&nbsp;&nbsp;</span>&nbsp;', ""
    return "", "" if given else "&nbsp;&nbsp; "  # facts stand beside each other


def _opened(tag: str, given: dict[str, str], classes: set[str]) -> str:
    kept = {name: given[name] for name in _ATTRIBUTES.get(tag, ()) if name in given}
    if tag == "img" and not kept.get("src", "").startswith("data:"):
        return escape(given.get("alt", ""))
    if tag == "table":
        kept |= {"cellpadding": "4", "cellspacing": "0"}
    if tag in {"td", "th"}:
        kept["align"] = "right" if "n" in classes else "left"
    words = "".join(f' {name}="{escape(value)}"' for name, value in kept.items())
    return f"<{tag}{words}>"
