"""One contestant a file, each run as a process of its own: `python -m peers.NAME PROBLEM.npz BETA SECONDS`."""
