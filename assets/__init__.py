"""Declarations: every folder here is loaded by Dagster. What they have in common is in ``pipelines``."""
