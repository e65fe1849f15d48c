"""Run a command of the machine under the lab; its output goes into the error when it fails."""

from __future__ import annotations

import subprocess


class LabError(RuntimeError):
    """The lab could not do what was asked; the text says what the tools said."""


def call(*argv: str, text: str | None = None) -> str:
    done = subprocess.run(argv, input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise LabError(f"{' '.join(argv)} exited with {done.returncode}:\n{done.stdout[-4000:]}")
    return done.stdout
