"""The one fit loop, scaling and stopping."""
