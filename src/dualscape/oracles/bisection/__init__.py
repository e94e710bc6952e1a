"""The exact oracle over cones that cover the sphere."""
