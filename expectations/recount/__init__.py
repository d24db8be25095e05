"""A second derivation of judgments from the raw bytes, in plain Python, and the fingerprint that both must have.

Written from the contracts' documents alone: nothing here may import readers, shapes or landing, so that one mistake,
or one edit, cannot be in both.
"""
