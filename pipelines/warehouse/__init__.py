"""The run's warehouse: one DuckDB file a run, bound to the landed files, built by dbt.

What the models say lives in ``dbt_project``; nothing here computes an answer.
"""
