"""The words of the product as typed, frozen records and pure functions.

Nothing here reads, writes, or knows of Dagster, dbt or any engine.
"""
