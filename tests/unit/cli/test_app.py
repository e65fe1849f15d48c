"""The way of a command line through the table of commands, and what becomes of errors."""

from __future__ import annotations

import importlib
import re
import signal

import pytest
import typer

from sloth import __version__
from sloth.cli import app
from sloth.cli.app import COMMANDS, main
from sloth.cli.command import application


def run(capsys, *words):
    code = main(words)
    said = capsys.readouterr()
    return code, said.out, said.err


def leaves():
    """Every command, as the words to call it."""
    for name in COMMANDS:
        found = typer.main.get_command(importlib.import_module(f"sloth.cli.{name}").app)
        inner = getattr(found, "commands", {})
        for sub, command in inner.items():
            yield pytest.param([name, sub], command, id=f"{name} {sub}")
        if not inner:
            yield pytest.param([name], found, id=name)


every_command = pytest.mark.parametrize(("words", "command"), list(leaves()))


@every_command
def test_every_command_shows_how_it_is_called(capsys, words, command):
    code, out, _ = run(capsys, *words, "--help")
    assert code == 0
    assert re.search(rf"example: .*\bsloth {' '.join(words)}\b", out)
    assert re.search(rf"Usage: sloth {' '.join(words)} \[OPTIONS\][][A-Z.= -]*$", out, re.MULTILINE)


@pytest.mark.parametrize("name", ["run", "apply", "exec", "call"])
def test_what_runs_tells_its_exit_codes(capsys, name):
    assert "exit codes: 0 all is well" in run(capsys, name, "--help")[1]


@every_command
def test_every_option_and_argument_says_what_it_is_for(words, command):
    silent = [one.name for one in command.params if one.name != "help" and not one.help]
    assert not silent


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"]], ids=" ".join)
def test_help_lists_every_command(capsys, words):
    code, out, _ = run(capsys, *words)
    assert code == 0
    assert all(re.search(rf"^  {name} ", out, re.MULTILINE) for name in COMMANDS)


@pytest.mark.parametrize("word", ["version", "--version"])
def test_the_version_is_told_in_both_ways(capsys, word):
    assert run(capsys, word) == (0, f"sloth {__version__}\n", "")


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        pytest.param(["aply"], "sloth has no command 'aply'", "did you mean 'apply'?", id="near a command"),
        pytest.param(["zzz"], "sloth has no command 'zzz'", "`sloth --help` lists all", id="near nothing"),
        pytest.param(["validate", "x"], "no command 'validate'", "`sloth workflow validate`", id="of a group"),
        pytest.param(["apply", "-f", "x.sloth"], "'x.sloth' is no whole number", "`sloth apply x.sloth`", id="-f FILE"),
        pytest.param(["workflow", "vaildate"], "sloth workflow has no command 'vaildate'", "'validate'", id="inner"),
        pytest.param(["apply", "--chekc", "x"], "no such option: --chekc", "--check", id="option"),
        pytest.param(["apply"], "missing argument 'FILE'", "`sloth apply --help`", id="argument"),
        pytest.param(["apply", "x", "-f"], "'-f' requires an argument", "", id="value"),
        pytest.param(["apply", "x", "-f", "many"], "'--forks'", "`sloth apply --help`", id="type"),
        pytest.param(["apply", "x", "-f", "0"], "'--forks'", "`sloth apply --help`", id="range"),
        pytest.param(["apply", "x", "--host-keys", "any"], "strict", "`sloth apply --help`", id="choice"),
        pytest.param(["apply", "x"], "no workflow file x", "", id="no file"),
        pytest.param(["run", "x", "--detailed-exitcode"], "--check", "", id="options that need each other"),
        pytest.param(["run", "x", "--lock-timeout", "soon"], "--lock-timeout", "", id="duration"),
        pytest.param(["workflow", "list", "nowhere"], "'nowhere' does not exist", "", id="directory"),
        pytest.param(["bundle", "build", "cp311"], "called 'cp311'", "`sloth bundle list`", id="a host's Python"),
        pytest.param(["modules", "show", "goroutine"], "no module named 'goroutine'", "part of the language", id="of the language"),
        pytest.param(["modules", "show", "pgk"], "no module named 'pgk'", "did you mean 'pkg'?", id="module"),
        pytest.param(["modules", "show", "pkg.instal"], "'pkg.instal'", "did you mean 'pkg.install'?", id="action"),
    ],
)
def test_a_wrong_command_line_is_explained_and_ends_with_1(capsys, monkeypatch, tmp_path, words, message, hint):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SLOTH_CONFIG", "/dev/null")
    code, out, err = run(capsys, *words)
    assert (code, out) == (1, "")
    assert err.startswith("error: ")
    assert message in err
    assert hint in err


def a_sloth_that(monkeypatch, behave):
    """A sloth whose only command does this."""
    broken = application()
    broken.command("do")(behave)
    monkeypatch.setattr(app, "app", broken)


def test_a_bug_ends_with_70_and_shows_its_trace_only_when_asked(capsys, monkeypatch):
    def behave(verbose: bool = typer.Option(False, "-v")) -> None:
        raise KeyError("oh")

    a_sloth_that(monkeypatch, behave)
    monkeypatch.delenv("SLOTH_DEBUG", raising=False)
    code, _, err = run(capsys)
    assert code == 70
    assert err.splitlines()[0] == "error: this is a bug in sloth"
    assert "KeyError" not in err
    assert "KeyError: 'oh'" in run(capsys, "-v")[2]
    monkeypatch.setenv("SLOTH_DEBUG", "1")
    assert "KeyError: 'oh'" in run(capsys)[2]


def test_ctrl_c_ends_with_130(capsys, monkeypatch):
    def behave() -> None:
        raise KeyboardInterrupt

    a_sloth_that(monkeypatch, behave)
    assert run(capsys)[0] == 130


def test_sigterm_ends_with_143_and_the_handler_is_given_back(capsys, monkeypatch):
    def behave() -> None:
        signal.raise_signal(signal.SIGTERM)

    a_sloth_that(monkeypatch, behave)
    before = signal.getsignal(signal.SIGTERM)
    assert run(capsys)[0] == 143
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_exit_code_of_a_command_is_the_exit_code_of_sloth(capsys, monkeypatch):
    a_sloth_that(monkeypatch, lambda: 6)
    assert run(capsys)[0] == 6


WITH_A_PATH = [
    "plan -i {}", "plan {}", "plan site.sloth -l @{}", "plan site.sloth -e @{}", "plan site.sloth --values {}",
    "plan site.sloth -o {}", "apply {} --check", "run {}", "workflow validate {}", "workflow list {}",
    "inventory list -i {}", "inventory explain -i h1, h1 x -w {}", "state import {}", "db verify {}", "db backup {}",
    "db restore --yes {}", "secrets import {}", "secrets set x --from-file {}", "secrets get x --passphrase {}",
    "test {}", "new workflow {}", "modules new {}", "docs exec -o {}", "exec -i {} all -- true", "call -c local all {}",
]  # fmt: skip
ODD = {"too long": "x" * 5000, "of nobody": "~nobody-at-all/x", "no UTF-8": "\udcff", "below a device": "/dev/null/x"}


@pytest.mark.parametrize("path", [pytest.param(path, id=name) for name, path in ODD.items()])
@pytest.mark.parametrize("line", WITH_A_PATH)
def test_a_path_that_leads_nowhere_is_one_clear_error(capsys, monkeypatch, tmp_path, line, path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SLOTH_HOME", str(tmp_path / "home"))
    (tmp_path / "site.sloth").write_text('task("a"):command("true"):build()')
    code, _, err = run(capsys, *(word.format(path) for word in line.split()))
    assert code != 70, err
    assert err.startswith("error: ") or code in {0, 2}  # a store that is not sound is told as a result
