"""What must hold in the emulated account; each check asks it by boto3, as an operator would.

`catalogue.py` lists the checks; there is one module for each, named for what it checks. Questions that several of them
ask are in modules of their own: `cached_query`, `stack_queries`, `containers`, `nodes`, `network_map`.
"""
