"""Takes the place of sloth/runtime/main.py in the tests' bundles: it tells how it was started, and does what is asked.

It lands on hosts, old ones too: Python 3.6 syntax.
"""

import os
import pwd
import subprocess
import sys

from sloth.runtime.failure import ActionFailed
from sloth.runtime.frames import WireError
from sloth.runtime.wire import VERSION, Peer


class Probe:
    def __init__(self, read_fd, write_fd, cache, ready):
        write(write_fd, ready)
        self.cache = cache
        self.peer = Peer(
            lambda length: os.read(read_fd, length),
            lambda data: write(write_fd, data),
            {
                "echo": lambda args: args,
                "fail": lambda args: fail(str(args["text"])),
                "lua": self.lua,
                "become": self.become,
                "print": lambda args: print("stray " * 10000),
                "daemon": daemon,
                "exit": lambda args: os._exit(int(str(args["code"]))),
                "stdin": lambda args: len(sys.stdin.read()),
            },
            {"heartbeat": lambda args: self.peer.tell("pulse", {})},
        )
        self.peer.tell("hello", {
            "protocol": VERSION,
            "cache": cache,
            "archive": sys.modules["sloth.runtime"].__loader__.archive,  # type: ignore[union-attr]  # ours, or a zipimporter
            "user": pwd.getpwuid(os.getuid()).pw_name,
            "cwd": os.getcwd(),  # noqa: PTH109 - it lands on old Pythons
            "leader": os.getsid(0) == os.getpid(),
            "python": list(sys.version_info[:2]),
        })  # fmt: skip

    def lua(self, args):
        from sloth.runtime.luapart import LuaUnavailable, machine

        try:
            module, prelude = machine(self.cache, self.peer.call_stream)
        except LuaUnavailable as error:
            raise ActionFailed(str(error)) from error
        return {"value": module.LuaRuntime().eval("6 * 7"), "file": str(module.__spec__), "prelude": len(prelude)}

    def become(self, args):
        from sloth.runtime.become import start

        child = start(str(args["user"]), "sudo", lambda: str(self.peer.call("password", {})), {}, True)
        try:
            return child.peer.call("echo", {"pid": os.getpid(), "user": args["user"]})
        finally:
            child.close()


def write(fd, data):
    while data:
        data = data[os.write(fd, data) :]


def fail(text):
    raise ActionFailed(text)


def daemon(args):
    return subprocess.Popen(["sleep", str(args["seconds"])], stdin=subprocess.DEVNULL, start_new_session=True).pid


def serve(read_fd, write_fd, cache, ready):
    probe = Probe(read_fd, write_fd, cache, ready)
    try:
        probe.peer.serve()
    except WireError:
        os._exit(1)
    os._exit(0)
