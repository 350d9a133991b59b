"""The trial of CVAT v2: `python -m patches.trial.v2`."""
