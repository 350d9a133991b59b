"""The operator's command: `python -m cvatctl`. Thin: it asks AWS and CVAT, and knows the stack by its outputs."""
