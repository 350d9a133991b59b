"""CVAT's processes on one machine, apart from each other as in ECS: `python -m patches.trial --help`."""
