"""The exact oracle over all activation patterns."""
