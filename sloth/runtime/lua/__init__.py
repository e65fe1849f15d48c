"""The Lua machine on the host: its sandbox and its scheduler."""
