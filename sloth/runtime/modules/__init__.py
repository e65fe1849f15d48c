"""The modules that ship: one file each, one function for each action."""
