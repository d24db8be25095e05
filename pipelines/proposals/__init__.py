"""Proposes a contract for an export that nobody has written one for: looks at a sample, and marks every guess.

Nothing here decides anything: a proposal is a text for a person to read, and only the contract made of it is read.
"""
