"""An in-memory AWS account: moto in process, with a clock, faults, running tasks, and patches where moto differs.

Knows neither Pulumi nor CVAT. `account.Account` is the way in.
"""
