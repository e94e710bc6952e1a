"""What a computation runs on: its time, workers, files and devices, the wish to stop, and what it tells meanwhile."""
