"""Times of each function, on one core."""
