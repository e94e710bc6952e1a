"""Networks that were trained elsewhere: as files and as objects, read and written back."""
