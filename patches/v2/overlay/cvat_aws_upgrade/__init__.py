"""The first half of an upgrade from c48411ae: CVAT v2.48.0, the last that reads so old a database, migrates it.

Python 3.10, like the image of v2.48.0; `cvat_aws`, which is in this image, too, is older.
"""
