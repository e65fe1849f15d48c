"""Requests over HTTP: one exchange, its redirects, its limits.

Credentials go to the host that they were given for: a redirect to another one is followed without them. Proxies are
those of the environment (`http_proxy`, `no_proxy`), certificates those of the system.
"""

import base64
import http.client
import json
import socket
import ssl
import urllib.error
import urllib.parse
import urllib.request

from sloth.runtime.failure import ActionFailed, BadArguments

MYPY = False
if MYPY:
    from collections.abc import Iterator, Mapping, Sequence

    from sloth.runtime.host import Host

PATIENCE = 30.0  # seconds without a sign of the other side
CHUNK = 1 << 18
_BODY_LIMIT = 8 << 20  # bytes that a task may take into its memory
_WORTH_A_RETRY = (408, 425, 429, 500, 502, 503, 504)
_OF_ONE_HOST = ("authorization", "cookie", "proxy-authorization")


class Request:
    """What is asked for."""

    def __init__(
        self,
        method: str,
        url: str,
        *,
        headers: "Mapping[str, str] | None" = None,
        body: "bytes | None" = None,
        login: "tuple[str, str] | None" = None,
        verify: bool = True
    ) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise BadArguments(f"{url!r} is no address such as https://example.org/path")
        if any(sign in url for sign in " \r\n\t"):
            raise BadArguments(f"{url!r} has white space in it: write %20")
        self.method = method
        self.url = url
        self.headers = {str(name): str(value) for name, value in (headers or {}).items()}
        self.body = body
        self.verify = verify
        if login is not None:
            word = ":".join(login).encode("utf-8", "surrogateescape")
            self.headers["Authorization"] = "Basic " + base64.b64encode(word).decode("ascii")
        if any("\n" in part or "\r" in part for pair in self.headers.items() for part in pair):
            raise BadArguments("a header is one line")


class Response:
    """What came back; its body is still to be read, once."""

    def __init__(self, answer: "http.client.HTTPResponse", host: "Host") -> None:
        self._answer = answer
        self._host = host
        self.status = answer.status
        self.url = answer.geturl()
        self.headers = {name.lower(): value for name, value in answer.getheaders()}

    def chunks(self) -> "Iterator[bytes]":
        """The body, bit by bit. A stop ends it."""
        watch = self._host.token.on_stop(self._cut)
        try:
            while True:
                self._host.token.check()
                data = self._answer.read(CHUNK)
                if not data:
                    break
                yield data
        except (OSError, http.client.HTTPException) as error:
            self._host.token.check()
            raise ActionFailed(f"{self.url}: the answer broke off: {_reason(error)}") from error
        finally:
            self._host.token.done(watch)
            self._answer.close()
        if self._answer.length:  # what is left of the announced length
            raise ActionFailed(f"{self.url}: the answer broke off {self._answer.length} bytes before its end")

    def body(self, limit: int) -> bytes:
        """All of it, if it is not more than that."""
        data = b""
        for chunk in self.chunks():
            data += chunk
            if len(data) > limit:
                what = f"the answer is larger than {limit >> 20} MiB"
                raise ActionFailed(f"{self.url}: {what}; http.download puts it into a file")
        return data

    def _cut(self) -> None:
        """Wake a read that waits for a silent server."""
        raw = getattr(getattr(self._answer, "fp", None), "raw", None)
        channel = getattr(raw, "_sock", None)  # http.client has no other way to its socket
        if isinstance(channel, socket.socket):
            try:
                channel.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it is closed already


def login(user: "str | None", password: "str | None") -> "tuple[str, str] | None":
    """A login as Request takes it."""
    return None if user is None else (user, password or "")


def send(host: "Host", request: Request) -> Response:
    """Send a request; the answer, whatever its status. ActionFailed when there is none."""
    host.token.check()
    asked = urllib.request.Request(  # noqa: S310 - Request takes http and https alone
        request.url, request.body, request.headers, method=request.method
    )
    asked.add_header("User-agent", request.headers.get("User-Agent", "sloth"))
    opener = urllib.request.build_opener(_Redirects(), _Answers(), _Secured(request.verify))
    try:
        answer = opener.open(asked, timeout=PATIENCE)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ActionFailed(f"{request.method} {request.url}: {_reason(error)}") from error
    return Response(answer, host)


def exchange(host: "Host", asked: Request, retries: int = 0, delay: float = 0.0) -> "dict[str, object]":
    """The answer as plain data: status, ok, body, headers, url, and json where it is some.

    retries: how often to try again, `delay` seconds later, where there was no answer, or one such as 503
    """
    for left in range(retries, -1, -1):
        try:
            response = send(host, asked)
            if response.status not in _WORTH_A_RETRY or not left:
                return _plain(response)
        except ActionFailed:
            if not left:
                raise
        host.sleep(delay)
    raise AssertionError("a request is sent at least once")


def act(
    host: "Host", asked: Request, status: "Sequence[int] | None", *, changes: bool, retries: int = 0, delay: float = 0.0
) -> "dict[str, object]":
    """An exchange that changes something elsewhere, unless not `changes`: then check mode leaves it out.

    status: the statuses that are no failure; None: all
    """
    note = f"{asked.method} {asked.url}"
    if changes and host.check:
        host.unknown = True
        host.changes.append(note)
        return {**_status(0), "ok": True, "body": "", "headers": {}, "url": asked.url, "__string": "body"}
    found = exchange(host, asked, retries, delay)
    if status is not None and found["status"] not in status:
        wanted = ", ".join(str(one) for one in status)
        raise ActionFailed(f"{note}: status {found['status']}, wanted {wanted}", **found)
    if changes:
        host.changes.append(note)
    return found


def _status(status: int) -> "dict[str, object]":
    """The status under all names by which people ask for it."""
    ok = 200 <= status < 300
    return {"status": status, "status_code": status, "ok": ok, "success": ok}


def _plain(response: Response) -> "dict[str, object]":
    body = response.body(_BODY_LIMIT).decode("utf-8", "surrogateescape")
    found = {
        **_status(response.status), "body": body, "headers": response.headers, "url": response.url,
        "__string": "body",
    }  # type: dict[str, object]  # fmt: skip
    if "json" in response.headers.get("content-type", ""):
        try:
            found["json"] = json.loads(body)
        except ValueError:
            pass  # it said so, and is none: the body has it as it came
    return found


class _Answers(urllib.request.HTTPErrorProcessor):
    """Every answer is one, whatever its status; only redirects are looked into."""

    def http_response(self, request, response):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - as the library calls it
        if 300 <= response.status < 400:
            return super().http_response(request, response)
        return response

    https_response = http_response


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows as browsers do, but keeps what is meant for one host to that host, and to TLS where it began with it."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - as the library calls it
        following = super().redirect_request(req, fp, code, msg, headers, newurl)
        if following is None:
            return None
        before, after = urllib.parse.urlsplit(req.full_url), urllib.parse.urlsplit(newurl)
        if (before.scheme, after.scheme) == ("https", "http"):
            raise urllib.error.URLError(f"it redirects to {newurl}, which anybody may have changed on its way")
        if before.netloc != after.netloc:
            for name in list(following.headers):
                if name.lower() in _OF_ONE_HOST:
                    following.remove_header(name)
        return following


class _Secured(urllib.request.HTTPSHandler):
    """TLS. The certificates of the system, which take 20 ms to read, are read for an address that needs them."""

    def __init__(self, verify: bool) -> None:
        urllib.request.AbstractHTTPHandler.__init__(self)  # since 3.12 that of HTTPSHandler reads them
        self._verify = verify

    def https_open(self, req: urllib.request.Request) -> "http.client.HTTPResponse":
        context = ssl.create_default_context()
        if not self._verify:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return self.do_open(http.client.HTTPSConnection, req, context=context)


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", None)
    if isinstance(reason, ssl.SSLError):
        return getattr(reason, "verify_message", "") or str(reason)
    if isinstance(reason, OSError):
        return reason.strerror or str(reason)
    return str(reason or error) or type(error).__name__
