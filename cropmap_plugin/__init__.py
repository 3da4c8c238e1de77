"""The QGIS face of cropmap: asks, starts jobs, shows results; computes nothing."""
