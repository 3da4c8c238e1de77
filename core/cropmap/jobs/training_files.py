"""The tables that a training leaves in its run folder, beside its package and its report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cropmap.assessment.importance import importance_rows
from cropmap.assessment.training_tables import calibration_rows, curve_rows, fold_rows, profile_rows, split_rows
from cropmap.io.files import atomic_write_text
from cropmap.io.tables import csv_text, write_accuracy, write_confusion

if TYPE_CHECKING:
    from cropmap.assessment.report import Measured
    from cropmap.assessment.training_report import Training
    from cropmap.data.samples import FoldPlan, SampleSet
    from cropmap.jobs.run import Run
    from cropmap.training.fit import OutOfFold


def write_samples_tables(samples: SampleSet, plan: FoldPlan, found: OutOfFold | None, run: Run) -> None:
    """Write the classes' profiles, and the fold of each sample with what was predicted of it."""
    atomic_write_text(run.output("profiles", "profiles.csv"), csv_text(profile_rows(samples)))
    atomic_write_text(run.output("split", "split.csv"), csv_text(split_rows(samples, plan, found)))


def write_measured_tables(measured: Measured, run: Run) -> None:
    """Write the figures of each class, the confusion matrix, and the figures of each fold."""
    write_accuracy(run.output("accuracy", "accuracy.csv"), measured.accuracy)
    write_confusion(run.output("confusion", "confusion.csv"), measured.accuracy)
    atomic_write_text(run.output("folds", "folds.csv"), csv_text(fold_rows(measured.folds)))


def write_training_tables(training: Training, run: Run) -> None:
    """Write what there is of curves, calibration and importance."""
    if training.curves:
        atomic_write_text(run.output("curves", "curves.csv"), csv_text(curve_rows(training.curves)))
    if training.calibration:
        atomic_write_text(
            run.output("calibration", "calibration.csv"), csv_text(calibration_rows(training.calibration))
        )
    if training.importance:
        atomic_write_text(run.output("importance", "importance.csv"), csv_text(importance_rows(training.importance)))
