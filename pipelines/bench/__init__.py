"""The benchmark: made-up judgments in any number through the pipeline's own functions, beside one bare DuckDB pass.

Nothing of the pipeline imports this package.
"""
