"""The values that flow between the rooms: frozen, checked when they are built, without open files."""
