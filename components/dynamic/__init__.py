"""What Pulumi's dynamic providers run, in a process of its own: pure functions with injected boto3 clients.

State files of stacks name these modules and classes (the pickled providers): moving one is a change of every stack.
"""
