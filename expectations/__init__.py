"""What must hold before a release: the laws, and the Great Expectations suites over the marts.

Nothing here knows of Dagster; the asset checks that run it live in ``assets``.
"""
