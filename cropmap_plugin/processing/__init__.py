"""The job kinds as Processing algorithms."""
