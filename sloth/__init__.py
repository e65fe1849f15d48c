"""sloth: workflows in Lua, pushed over SSH, run on the hosts themselves."""

__version__ = "0.1.0"
