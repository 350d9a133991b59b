"""`orphans`: resources with a living stack's tags outside its state, as an interrupted `pulumi up` leaves them."""
