"""Three invented annotation exports, shipped in `inbox/`, and the seeded generator that makes them.

For demonstrations and tests only: nothing in the pipeline depends on this package.
"""
