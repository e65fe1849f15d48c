"""The use cases: load, plan, execute."""
