"""The service that CVAT takes for the Nuclio dashboard, answered by SageMaker endpoints."""
