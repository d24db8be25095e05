"""Variorum: annotation exports to annotator-level releases, with every judgment kept.

The library is importable without side effects; most of it knows nothing of Dagster or dbt.
"""
