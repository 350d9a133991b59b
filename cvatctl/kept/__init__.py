"""`kept`: resources of a stack that outlive it, found by names and tags, because there are no outputs left."""
