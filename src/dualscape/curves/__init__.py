"""Curves between networks that are learned or drawn straight, and the picture around them (Garipov et al. 2018)."""
