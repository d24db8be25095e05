"""The warehouse: the catalog of landed files, and the dbt models."""
