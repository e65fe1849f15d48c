"""The benchmark: one job of 39 steps, done by sloth, by its peers, and by the least code that can do it."""
