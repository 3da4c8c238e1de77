"""Files in, files out: the only room that touches them."""
