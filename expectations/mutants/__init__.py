"""The checks are checked: changes that aggregate or distort, each tried on the smallest data, and what catches it.

``registry`` lists them as plain data; nothing here is part of the pipeline.
"""
