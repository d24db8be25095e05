"""Great Expectations over the marts, on DuckDB: suites in YAML, their run, its Data Docs, and the canary.

Cheap to import: Great Expectations itself takes seconds and is imported by the functions that need it.
"""
