"""Benchmark of the gateway, beside a stub of SageMaker's runtime."""
