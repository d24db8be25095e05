"""The source contract: what an export means, stated once in YAML.

Its model, its loader and its error messages; nothing here reads an export.
"""
