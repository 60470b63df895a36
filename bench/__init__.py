"""Measurements as ratios, side by side in one run. Never part of the tests: the machine decides absolute figures."""
