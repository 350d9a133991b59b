"""One container image that serves any auto-annotation function under SageMaker's contract."""
