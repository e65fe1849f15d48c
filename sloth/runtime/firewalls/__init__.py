"""The packet filters of hosts: what is asked of each by its own commands, behind one shape."""
