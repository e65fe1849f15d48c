"""Which hosts there are, and what is known about each."""
