"""What actions there are: their schemas and their manual, read off the functions themselves."""
