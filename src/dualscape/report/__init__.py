"""What is shown of an analysis: as a page, as JSON, in the terminal, with hints."""
