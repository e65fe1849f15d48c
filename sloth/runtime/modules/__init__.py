"""The modules that ship: a file each, or a folder of files; one function for each action."""
