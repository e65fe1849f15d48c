"""The lab: real Debian hosts on this machine, that tests and benchmarks may break.

A host is a systemd-nspawn container with systemd as its first process, sshd, and users, packages and services of its
own. `python -m tests.lab up 3` starts some by hand; tests ask for the fixture `lab`.
"""
