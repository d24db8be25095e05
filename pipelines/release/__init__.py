"""Releases: built locally, proved on their own bytes, published by one commit, never changed after.

Pure of Dagster; object stores are reached through ``store``.
"""
