"""From the inbox to landing: deliveries kept by content, read once, landed as canonical Parquet per source.

This is where files are opened; how bytes become judgments is the business of ``readers`` and ``shapes``.
"""
