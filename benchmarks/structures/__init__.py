"""Problems whose optimal sets are known exactly, and the arithmetic that knows them; see `run_structure.py`."""
