"""Law 8: shown from the SQL alone that every judgment passes each model once, untouched. Pure; no data is read.

A model is read as a syntax tree and evaluated over abstract relations: which rows they carry, which columns are
copies of which, and which columns are known to be unique together. What cannot be shown to be harmless is a violation.
"""
