"""The ways to a host: one file for each, and one session for all."""
