"""The in-memory AWS: moto in process, its clock, its scenario, and the bridges over its gaps."""
