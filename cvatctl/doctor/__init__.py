"""`doctor`: what would make the first `pulumi up` fail, found before it has run for half an hour."""
