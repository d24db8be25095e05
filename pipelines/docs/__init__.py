"""Documents that are generated from what they describe; `python -m pipelines.docs` writes them."""
