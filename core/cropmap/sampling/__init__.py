"""From labels on a map to labelled series, and to folds that do not leak."""
