"""Bytes to records: strict, streaming, without meaning.

A reader knows a container and a dialect; what a field means is the business of ``pipelines.shapes``.
"""
