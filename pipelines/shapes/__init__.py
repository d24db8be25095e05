"""Records to judgments, driven by the contract: fields are found in Python, answers are computed in SQL.

Pure: SQL is written here and run elsewhere; nothing here opens a file.
"""
