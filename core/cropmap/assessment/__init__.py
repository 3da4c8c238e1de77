"""What a map is worth: accuracies and the report."""
