"""Secrets: encrypted at rest, opened for those who may see them."""
