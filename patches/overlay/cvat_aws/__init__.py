"""What CVAT needs on AWS without being changed itself: settings, entry point, init. Python 3.8, like CVAT."""
