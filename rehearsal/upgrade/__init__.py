"""What this checkout would do to a stack whose exported state is given."""
