"""Doubtful labels, one by one: what the checks found, and what a person decides."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from qgis.core import QgsMapLayerProxyModel, QgsPointXY
from qgis.PyQt.QtCore import QPoint, Qt, QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from cropmap.contract.errors import Problem, SampleError

from ..house import catalogue, tr
from ..layers.marker import PointMarker
from ..layers.sample_file import SampleFile, Suspect
from ..widgets.form import SchemaForm, field_of, folded
from ..widgets.layers import LayerOrFile
from ..widgets.look import AMBER, GREEN, guard_wheel, paragraph, scroll_area_of
from ..widgets.notice import Notice
from ..widgets.suspects import SuspectCard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

REVIEW = "review"
_SET = "sample_set"  # the parameter that the tab's own list of layers gives
_GIVING = (REVIEW, "sample", "classify", "merge", "demo")  # jobs whose samples.gpkg is offered
_POINTS = QgsMapLayerProxyModel.Filter.PointLayer
_SETTLED_MS = 100  # after which a page that was opened lies where it will stay
_ALL: tuple[str, str] | None = None


class ReviewTab(QWidget):
    """Starts the search for doubtful labels, and takes the verdicts on what it found.

    Args:
        iface: QGIS's interface; its map shows the sample that is looked at.
    """

    start_asked = pyqtSignal(str, dict)
    series_asked = pyqtSignal()

    def __init__(self, iface: Any) -> None:
        super().__init__()
        self._iface = iface
        self._file: SampleFile | None = None
        self._suspects: list[Suspect] = []
        self._at = -1
        self._offered = ""
        self._watched: set[str] = set()  # layers
        self._past: list[tuple[int, str]] = []  # of each verdict: the sample's fid, and what was decided before
        self._marker: PointMarker | None = None
        self._panned_to: QgsPointXY | None = None
        self.source = LayerOrFile(_POINTS, tr("Sample files") + " (*.gpkg)")
        self.notice = Notice()
        schema = catalogue().entry("jobs", REVIEW).schema
        self.form = SchemaForm(schema, [name for name in schema["properties"] if name != _SET], fold=tr("Settings"))
        self.find = QPushButton(tr("Find doubtful labels"))
        self.search = folded(tr("Look for doubtful labels"))
        self.empty = paragraph("")
        self.progress, self.bar = QLabel(), QProgressBar()
        self.pair, self.undecided = QComboBox(), QCheckBox(tr("Only undecided"))
        text = tr("You are editing the layer: verdicts wait in it until you save its edits.")
        self.edited, self.done = paragraph(text, secondary=False), Notice(closable=False)
        self.card = SuspectCard()
        self._make()
        self._connect()
        self._open()

    def _make(self) -> None:
        self.find.setToolTip(tr("Check every label against models, its class and duplicates; nothing is changed."))
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.bar.setStyleSheet(f"QProgressBar::chunk {{ background: {GREEN}; }}")
        self.pair.setToolTip(tr("Show only suspects of these classes"))
        self.pair.setMinimumContentsLength(10)
        self.edited.setStyleSheet(f"color: {AMBER}")
        guard_wheel(self.pair)
        search, filters = QVBoxLayout(), QHBoxLayout()
        search.addWidget(self.form)
        search.addWidget(self.find, 0, Qt.AlignmentFlag.AlignLeft)
        self.search.setLayout(search)
        filters.addWidget(self.pair, 1)
        filters.addWidget(self.undecided)
        self.filters = QWidget()
        self.filters.setLayout(filters)
        filters.setContentsMargins(0, 0, 0, 0)
        column = self.column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(
            paragraph(tr("Labels that models, other samples of their class or duplicates contradict. You decide each."))
        )
        column.addWidget(QLabel(tr("Sample file")))
        column.addWidget(self.source)
        column.addWidget(self.search)
        for part in (self.notice, self.empty, self.progress, self.bar, self.done, self.filters, self.edited, self.card):
            column.addWidget(part)
        column.addStretch()

    def _connect(self) -> None:
        self.source.changed.connect(self._open)
        self.find.clicked.connect(self._find)
        self.card.cursor.clicked.connect(self.series_asked)
        self.pair.currentIndexChanged.connect(lambda _index: self._filtered())
        self.undecided.toggled.connect(lambda _on: self._filtered())
        self.card.decided.connect(self.decide)
        self.card.moved.connect(self.move_by)
        self.card.undo_asked.connect(self.take_back)

    # ------------------------------------------------------------ jobs

    def job_done(self, kind: str, result: Mapping[str, Any]) -> str:
        """Take the sample file of a finished job: a review's always, another's where none is chosen.

        Returns:
            What a review found, for the user; empty for other jobs.
        """
        path = str(result.get("outputs", {}).get("samples", ""))
        if path.endswith(".gpkg") and kind in _GIVING and (kind == REVIEW or self._is_free()):
            self.source.set_path(path)
            self._offered = path
        if kind != REVIEW:
            return ""
        if self._suspects:
            QTimer.singleShot(_SETTLED_MS, self._bring_up)
            return tr("Labels in doubt: {n}. Decide them one by one below.").format(n=len(self._suspects))
        text = tr("The checks found no doubtful label in this file.")
        self.empty.setText(text)
        return text

    def _is_free(self) -> bool:
        """Return whether another file may be offered: none is there, or one that was offered and has no suspects."""
        return self.source.path() in {"", self._offered} and not self._suspects

    def _bring_up(self) -> None:
        """Scroll the panel to the suspects."""
        area = scroll_area_of(self)
        if area is not None and self.isVisible():
            top = self.progress.mapTo(area.widget(), QPoint(0, 0)).y()
            area.verticalScrollBar().setValue(top - self.column.spacing())

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Show what is wrong with the settings beside their fields."""
        self.form.show_problems([problem for problem in problems if field_of(problem) != _SET])

    def _find(self) -> None:
        params = {_SET: self.source.path(), **self.form.values()}
        problems = catalogue().problems("jobs", REVIEW, params)
        self.show_problems(problems)
        if not self.source.path():
            self.notice.say("error", tr("Choose a sample file first: a samples.gpkg that a run has written."))
        elif not problems:
            self._start(REVIEW, params)

    def _start(self, kind: str, params: Mapping[str, Any]) -> None:
        """Start a job that reads the file, unless edits wait that it would not see."""
        if self._file is not None and self._file.has_edits():
            self.notice.say("warning", tr("The layer has unsaved edits. Save them first: the job reads the file."))
        elif self._file is not None:
            self.start_asked.emit(kind, params)

    # ------------------------------------------------------------ the file

    def _open(self) -> None:
        """Open the file chosen; what is wrong with it is said in words."""
        self.notice.hide()
        self._file, self._past = None, []
        path = self.source.path()
        if path:
            try:
                self._file = SampleFile(path)
                self.card.open_file(self._file)
            except SampleError as error:
                self._file = None
                self.notice.say_error(error)
        self._read()
        self._show_pairs()
        self._at = -1
        self.undecided.setChecked(False)
        self._to_first_open()
        self.search.setCollapsed(bool(self._suspects) or not path)
        self._show()

    def _read(self) -> None:
        """Read the suspects anew: verdicts may have been changed elsewhere."""
        before = self._suspects[self._at].fid if 0 <= self._at < len(self._suspects) else None
        self._suspects = []
        if self._file is not None:
            try:
                self._suspects = self._file.suspects()
            except SampleError as error:
                self.notice.say_error(error)
        self._at = next((at for at, suspect in enumerate(self._suspects) if suspect.fid == before), 0)

    def _show_pairs(self) -> None:
        counts = Counter(suspect.pair for suspect in self._suspects)
        self.pair.blockSignals(True)
        self.pair.clear()
        self.pair.addItem(tr("All classes ({n})").format(n=len(self._suspects)), _ALL)
        for (label, other), count in counts.most_common():
            self.pair.addItem(f"{label} → {other or '?'} ({count})", (label, other))
        self.pair.blockSignals(False)

    # ------------------------------------------------------------ walking

    def current(self) -> Suspect | None:
        """Return the suspect that is shown."""
        return self._suspects[self._at] if 0 <= self._at < len(self._suspects) else None

    def move_by(self, step: int) -> None:
        """Show the next suspect that the filter lets through, or the one before."""
        target = self._next_from(self._at + step, step)
        if target is not None:
            self._at = target
        self._show()
        self.card.setFocus()

    def _next_from(self, start: int, step: int, *, undecided: bool | None = None) -> int | None:
        """Return the first position that the filter lets through, in a direction."""
        only = self.undecided.isChecked() if undecided is None else undecided
        end = len(self._suspects) if step > 0 else -1
        return next((at for at in range(start, end, step) if self._lets(at, only)), None)

    def _lets(self, at: int, undecided: bool) -> bool:  # noqa: FBT001 - private
        suspect, pair = self._suspects[at], self.pair.currentData()
        return (pair is _ALL or suspect.pair == tuple(pair)) and not (undecided and suspect.verdict)

    def _filtered(self) -> None:
        only = self.undecided.isChecked()
        if self.current() is None or not self._lets(self._at, only):
            found = self._next_from(0, 1)
            self._at = -1 if found is None else found
        self._show()

    def _to_first_open(self) -> None:
        """Show the first undecided suspect; the first one where all are decided."""
        found = self._next_from(0, 1, undecided=True)
        self._at = found if found is not None else min(len(self._suspects), 1) - 1

    # ------------------------------------------------------------ verdicts

    def decide(self, verdict: str) -> None:
        """Write a verdict on the suspect that is shown, and go on to the next undecided one."""
        suspect = self.current()
        if suspect is None or not self._write(suspect, verdict):
            return
        self._past.append((suspect.fid, suspect.verdict))
        if verdict:
            after = self._next_from(self._at + 1, 1, undecided=True)
            found = self._next_from(0, 1, undecided=True) if after is None else after
            self._at = self._at if found is None else found
        self._show()
        self.card.setFocus()

    def take_back(self) -> None:
        """Undo the last verdict, and show its sample."""
        if not self._past:
            return
        fid, before = self._past[-1]
        at = next((at for at, suspect in enumerate(self._suspects) if suspect.fid == fid), -1)
        if at >= 0 and not self._write(self._suspects[at], before):
            return
        self._past.pop()
        self._at = at if at >= 0 else self._at
        if not self._lets(self._at, undecided=False):
            self.pair.setCurrentIndex(0)
        self._show()
        self.card.setFocus()

    def _write(self, suspect: Suspect, verdict: str) -> bool:
        if self._file is None:
            return False
        try:
            changed = self._file.decide(suspect, verdict)
        except SampleError as error:
            self.notice.say_error(error)
            return False
        self.notice.hide()
        self._suspects[self._suspects.index(suspect)] = changed
        return True

    # ------------------------------------------------------------ showing

    def _show(self) -> None:
        suspect = self.current()
        known = bool(self._suspects)
        for part in (self.progress, self.bar, self.filters):
            part.setVisible(known)
        if not known:
            self.done.hide()
        self.edited.setVisible(self._watch() and known)
        self.card.setVisible(suspect is not None)
        self._show_words(suspect)
        if known:
            self._show_progress()
        if suspect is not None and self._file is not None:
            self._show_card(suspect, self._file)
        self._mark()

    def _show_words(self, suspect: Suspect | None) -> None:
        text = ""
        if self._file is None:
            text = tr("Choose a sample file. Every run that takes samples writes one: samples.gpkg.")
        elif not self._suspects:
            text = tr("No label of this file is marked as doubtful. “Find doubtful labels” looks for them.")
        elif suspect is None:
            text = tr("Nothing is left to decide here.")
        self.empty.setText(text)
        self.empty.setVisible(bool(text))

    def _show_progress(self) -> None:
        decided, total = sum(bool(suspect.verdict) for suspect in self._suspects), len(self._suspects)
        self.progress.setText(tr("<b>{n}</b> of {total} decided").format(n=decided, total=total))
        self.bar.setRange(0, total)
        self.bar.setValue(decided)
        if decided < total:
            self.done.hide()
        elif self._file is not None:
            text = tr("All doubtful labels are decided.")
            details = tr("Train a model on this file: verdicts are carried out when it is read.")
            self.done.say("good", text, details, [(tr("Train a model with it"), self._train)])

    def _watch(self) -> bool:
        """Hear when the edits of the file's layer are saved or thrown away; return whether it is being edited."""
        layer = None if self._file is None else self._file.project_layer()
        if layer is not None and layer.id() not in self._watched:
            self._watched.add(layer.id())
            layer.editingStopped.connect(self._read_again)
        return layer is not None and bool(layer.isEditable())

    def _read_again(self) -> None:
        if self._file is not None and self.isVisible():
            self._read()
            self._filtered()

    def _train(self) -> None:
        if self._file is not None:
            self._start("train", {_SET: self._file.path})

    def _show_card(self, suspect: Suspect, file: SampleFile) -> None:
        try:
            series = file.series(suspect.fid)
        except SampleError as error:
            series = {}
            self.notice.say_error(error)
        listed = [at for at in range(len(self._suspects)) if self._lets(at, undecided=False)]
        place = tr("{n} of {total}").format(n=listed.index(self._at) + 1, total=len(listed))
        self.card.show_suspect(suspect, series, place)
        self.card.back.setEnabled(self._next_from(self._at - 1, -1) is not None)
        self.card.next.setEnabled(self._next_from(self._at + 1, 1) is not None)
        self.card.undo.setEnabled(bool(self._past))

    # ------------------------------------------------------------ the map

    def showEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Read the verdicts anew, and mark the sample on the map."""
        super().showEvent(event)
        self._read_again()

    def hideEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        """Take the mark off the map."""
        super().hideEvent(event)
        self.unmark()

    def unmark(self) -> None:
        """Take the mark off the map."""
        if self._marker is not None:
            self._marker.hide()

    def _mark(self) -> None:
        """Mark the suspect that is shown; the map moves there once."""
        suspect = self.current()
        if suspect is None or self._file is None or not self.isVisible():
            self.unmark()
            return
        if self._marker is None:
            canvas = self._iface.mapCanvas()
            self._marker = PointMarker(canvas)
            canvas.destinationCrsChanged.connect(self._mark)
        try:
            crs = self._file.layer().crs()
        except SampleError as error:
            self.unmark()
            self.notice.say_error(error)
            return
        self._marker.show(suspect.point, crs, pan=self._panned_to != suspect.point)
        self._panned_to = suspect.point
