"""An in-memory AWS account: moto in process, with a clock, faults, running tasks, and patches where moto differs.

Knows nothing of Pulumi and of the program that is rehearsed. `account.Account` is the way in.
"""
