"""Real models with real weights, packed, served and called as a deployment does it: `make demo-detections`."""
