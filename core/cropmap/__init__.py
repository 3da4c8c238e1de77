"""Crop maps from satellite image time series: prepare, train, transfer, map, assess."""

__version__ = "0.1.0"
