"""Runs a decoder with no files, no network, no privileges, little memory and time: python -I sandbox.py PROGRAM ...

The audio comes in as standard input and goes out as standard output. Fails closed: where the kernel has no Landlock or
no network namespace is to be had, the program ends before the decoder starts. Imports nothing of ours.
"""

import ctypes
import os
import resource
import struct
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
# The system calls of Landlock have these numbers on every architecture (linux/landlock.h).
CREATE, ADD, RESTRICT = 444, 445, 446
EXECUTE, READ_FILE, READ_DIR = 1, 4, 8
ALL_FILES = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
NETWORK_SINCE, SCOPES_SINCE = 4, 6
NEW_USER, NEW_NETWORK = 0x10000000, 0x40000000
NO_NEW_PRIVILEGES = 38
NOBODY = 65_534
MEMORY, SECONDS = 640 << 20, 120
READABLE = ("/lib", "/lib64", "/usr/lib", "/etc/ld.so.cache")


def must(value: int, what: str) -> int:
    """Return what a system call returned; end the program where it failed."""
    if value < 0:
        raise SystemExit(f"sandbox: {what}: {os.strerror(ctypes.get_errno())}")
    return value


def enter(program: str) -> None:
    """Give up everything but the program itself and the libraries it is loaded with."""
    limits = (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 32),
    )
    for limit, value in limits:
        resource.setrlimit(limit, (value, value))
    must(LIBC.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0), "no_new_privs")
    ruleset = _ruleset([path for path in (program, *READABLE) if os.path.exists(path)])  # noqa: PTH110 - no import more
    root = os.geteuid() == 0
    # A namespace of its own has no interface but a loopback that is down: no TCP, no UDP.
    must(LIBC.unshare(NEW_NETWORK if root else NEW_USER | NEW_NETWORK), "no network")
    if root:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    must(LIBC.syscall(RESTRICT, ruleset, 0), "restrict")


def _ruleset(readable: list[str]) -> int:
    version = must(LIBC.syscall(CREATE, None, 0, 1), "landlock is not in this kernel")
    files = ALL_FILES.get(version, (1 << 16) - 1)
    network = 3 if version >= NETWORK_SINCE else 0
    scopes = 3 if version >= SCOPES_SINCE else 0
    size = 8 if version < NETWORK_SINCE else 16 if version < SCOPES_SINCE else 24
    ruleset = must(LIBC.syscall(CREATE, struct.pack("QQQ", files, network, scopes)[:size], size, 0), "ruleset")
    for path in readable:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
        allowed = EXECUTE | READ_FILE | (READ_DIR if os.path.isdir(path) else 0)  # noqa: PTH112 - no import more
        must(LIBC.syscall(ADD, ruleset, 1, struct.pack("=Qi", allowed, opened), 0), path)
        os.close(opened)
    return ruleset


if __name__ == "__main__":
    enter(sys.argv[1])
    try:
        os.execve(sys.argv[1], sys.argv[1:], {"PATH": "/nonexistent", "LC_ALL": "C"})  # noqa: S606 - no shell is meant
    except OSError as error:
        raise SystemExit(f"sandbox: the program does not start: {error.strerror}") from None
