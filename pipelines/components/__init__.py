"""Dagster components: what varies is declared in ``assets``, what is common is written here."""

from pipelines.components.annotation_source import AnnotationSource
from pipelines.components.dataset_release import DatasetRelease
from pipelines.components.expectation_suite import ExpectationSuite

__all__ = ["AnnotationSource", "DatasetRelease", "ExpectationSuite"]
