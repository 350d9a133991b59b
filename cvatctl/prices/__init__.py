"""`prices`: on-demand prices of a region, read from AWS's Price List API."""
