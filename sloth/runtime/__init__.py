"""What lands on a host: wire, play, Lua, actions. Standard library only, Python 3.6 syntax."""
