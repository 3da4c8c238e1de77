"""Synthetic sites, seasons and labels with known truth, for tests, demos and teaching."""
