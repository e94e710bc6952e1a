"""A trained network put to use: how good its fit is, and its predictions for new rows."""
