"""The searching oracle."""
