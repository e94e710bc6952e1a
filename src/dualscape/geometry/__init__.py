"""What the hyperplanes of a data matrix make of the space of directions; it knows no networks."""
