"""Results as layers of the project."""
