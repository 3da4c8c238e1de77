"""From a model and a series to a map, block by block."""
