"""The operator's command line, `python -m cvatctl`: queries AWS and CVAT, and knows a stack by its outputs."""
