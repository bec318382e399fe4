"""What stands around the functions."""
