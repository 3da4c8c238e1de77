"""Carrying a model to another site, year or sensor."""
