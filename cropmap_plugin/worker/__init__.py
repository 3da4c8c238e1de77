"""The worker: the Python environment and the process that compute, away from QGIS's own Python."""
