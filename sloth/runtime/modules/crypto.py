"""Sums, encodings and random values. Needs no host: also at the top level of a file.

What is random differs each time a file is evaluated: make it inside a task, and keep it in an output or a secret.
"""

import binascii
import hashlib
import os
import re

from sloth.runtime.action import action
from sloth.runtime.failure import ActionFailed

MYPY = False
if MYPY:
    from typing import Literal

    from sloth.runtime.host import Host

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS = "0123456789"
_SYMBOLS = "!#%+,-./:=@_"  # none that a shell, YAML or an address reads as more than itself in the middle of a word
_MOST = 4096  # bytes or characters of one random value


@action(query=True)
def md5(host: "Host", *, text: str) -> str:
    """The MD5 sum of a text, in hexadecimal. It protects nothing; old tools want it.

    text: the text

    example: local sum = crypto.md5("hello")
    """
    return _sum("md5", text)


@action(query=True)
def sha1(host: "Host", *, text: str) -> str:
    """The SHA-1 sum of a text, in hexadecimal.

    text: the text

    example: local sum = crypto.sha1("hello")
    """
    return _sum("sha1", text)


@action(query=True)
def sha256(host: "Host", *, text: str) -> str:
    """The SHA-256 sum of a text, in hexadecimal. Of a file: fs.checksum.

    text: the text

    example: local sum = crypto.sha256("hello")
    """
    return _sum("sha256", text)


@action(query=True)
def sha512(host: "Host", *, text: str) -> str:
    """The SHA-512 sum of a text, in hexadecimal.

    text: the text

    example: local sum = crypto.sha512("hello")
    """
    return _sum("sha512", text)


@action(query=True)
def hmac(
    host: "Host", *, key: str, text: str, algorithm: "Literal['sha256', 'sha512', 'sha1', 'md5']" = "sha256"
) -> str:
    """The HMAC of a text, in hexadecimal.

    key: what both sides know
    text: the text
    algorithm: the sum that it is made with

    example: local signature = crypto.hmac(secrets.webhook, body)
    """
    import hmac as library

    return library.new(_bytes(key), _bytes(text), algorithm).hexdigest()


@action(query=True)
def base64_encode(host: "Host", *, text: str) -> str:
    """A text in Base64, on one line.

    text: the text

    example: local word = crypto.base64_encode("user:password")
    """
    return binascii.b2a_base64(_bytes(text), newline=False).decode("ascii")


@action(query=True)
def base64_decode(host: "Host", *, text: str) -> str:
    """The text behind Base64, or nil and what is wrong with it.

    text: the Base64

    example: local text = crypto.base64_decode("aGVsbG8=")
    """
    compact = "".join(text.split())
    try:
        return _text(binascii.a2b_base64(compact.replace("-", "+").replace("_", "/")))
    except (binascii.Error, ValueError) as error:
        raise ActionFailed(f"this is no Base64: {error}") from error


@action(query=True)
def hex_encode(host: "Host", *, text: str) -> str:
    """A text in hexadecimal.

    text: the text

    example: local word = crypto.hex_encode("hello")
    """
    return _bytes(text).hex()


@action(query=True)
def hex_decode(host: "Host", *, text: str) -> str:
    """The text behind hexadecimal digits, or nil and what is wrong with them.

    text: the digits

    example: local text = crypto.hex_decode("68656c6c6f")
    """
    try:
        return _text(binascii.unhexlify(text.strip()))
    except (binascii.Error, ValueError) as error:
        raise ActionFailed(f"this is no hexadecimal: {error}") from error


@action(query=True)
def uuid(host: "Host") -> str:
    """A random UUID (version 4).

    example: local id = crypto.uuid()
    """
    digits = bytearray(os.urandom(16))
    digits[6], digits[8] = digits[6] & 0x0F | 0x40, digits[8] & 0x3F | 0x80
    word = digits.hex()
    return "-".join((word[:8], word[8:12], word[12:16], word[16:20], word[20:]))


@action(query=True)
def random(host: "Host", *, bytes: int = 32) -> str:  # noqa: A002 - the name that users write
    """Random bytes, in hexadecimal.

    bytes: how many

    example: local token = crypto.random(16)
    """
    return os.urandom(_checked("random", bytes)).hex()


@action(query=True)
def password(host: "Host", *, length: int = 24, symbols: bool = False) -> str:
    """A random password of letters and digits.

    length: how many characters
    symbols: whether it has others, too: ! # % + , - . / : = @ _

    example: local word = crypto.password { length = 32, symbols = true }
    """
    alphabet = _LETTERS + _DIGITS + (_SYMBOLS if symbols else "")
    return "".join(_pick(alphabet) for _ in range(_checked("password", length)))


@action(query=True)
def password_hash(host: "Host", *, password: str, salt: "str | None" = None) -> str:
    """A password as /etc/shadow has it (SHA-512 crypt), for user.create and user.set_password; openssl makes it.

    password: the password
    salt: up to 16 letters and digits; without it a random one, which makes another hash each time

    example: user.create { name = "deploy", password = crypto.password_hash(secrets.deploy, "f3kz81") }
    """
    chosen = "".join(_pick(_LETTERS + _DIGITS) for _ in range(16)) if salt is None else salt
    if re.match("^[A-Za-z0-9]{1,16}$", chosen) is None:
        raise ActionFailed("crypto.password_hash: salt has up to 16 letters and digits")
    if "\n" in password:
        raise ActionFailed("crypto.password_hash: a password is one line")
    done = host.run("openssl", "passwd", "-6", "-salt", chosen, "-stdin", stdin=password + "\n")
    if not done.ok:
        raise ActionFailed(f"crypto.password_hash: openssl fails: {done.err.strip()}")
    return done.out.strip()


def _sum(algorithm: str, text: str) -> str:
    return hashlib.new(algorithm, _bytes(text)).hexdigest()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _checked(action_name: str, number: int) -> int:
    if not 0 < number <= _MOST:
        raise ActionFailed(f"crypto.{action_name}: from 1 to {_MOST}, not {number}")
    return number


def _pick(alphabet: str) -> str:
    """One of its characters, each as likely as the others."""
    fair = 256 - 256 % len(alphabet)
    while True:
        number = os.urandom(1)[0]
        if number < fair:
            return alphabet[number % len(alphabet)]
