"""What the library and its faces agree on: parameters, jobs, events, progress, errors. Standard library only."""
