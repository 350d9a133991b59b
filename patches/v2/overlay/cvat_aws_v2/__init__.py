"""What CVAT v2 needs on AWS without being changed itself: settings, entry point, init. Python 3.12, like CVAT's image.

`cvat_aws`, which was written for c48411ae and Python 3.8, is in the image, too: what holds for both releases is there.
"""
