"""The proof of each run: the laws, the ledger, the expectations."""
