"""The rules of the house, kept by tests so that no review has to."""
