"""The public files of a source, from their origin into its inbox folder: resumable, verified, all or nothing.

What belongs here: the transfer, and how its bytes come to lie on disk. What does not: contracts, Dagster, the
command, and what a file means.
"""

from pipelines.fetch.fetching import fetch
from pipelines.fetch.words import FetchedFile, FetchError, FetchFile, FetchProgress, shown

__all__ = ["FetchError", "FetchFile", "FetchProgress", "FetchedFile", "fetch", "shown"]
