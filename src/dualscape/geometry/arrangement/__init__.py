"""The arrangement of the hyperplanes of a data matrix, and its cells."""
