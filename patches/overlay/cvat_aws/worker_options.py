"""What a worker and the command that starts it must agree about; without RQ, which takes a second to import."""

DRAIN_S = 100
"""Below ECS's longest stop timeout, 120 s, with room to record the failure."""
