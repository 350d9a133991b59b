"""Batch functions: endpoints that are asleep while nobody uses them, and calls that wait until they are awake."""
