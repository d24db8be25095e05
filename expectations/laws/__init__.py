"""The laws: equations with tolerance zero that show that no judgment was lost, merged, moved or invented.

Pure: definitions, the SQL that evaluates them, and verdicts; DuckDB is bound by the caller.
"""
