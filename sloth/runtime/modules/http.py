"""HTTP from the host: asked, sent, downloaded.

A response has status (also status_code), ok (whether that is 2xx), body, headers (by their names in small letters), url
(after redirects) and, where the body is JSON, json; it counts as the text of its body. An answer such as 404 is a
response and no failure; no answer at all is one.

http.get and http.head only look. What the other methods do nobody can take back: they count as a change, and check mode
does not send them, unless `changed_if = false`.
"""

import json
from urllib.parse import urlencode, urlsplit

from sloth.runtime import web
from sloth.runtime.action import WOULD_RUN, action
from sloth.runtime.download_action import download as download  # noqa: PLC0414  # an action of file_ops, too
from sloth.runtime.failure import BadArguments

MYPY = False
if MYPY:
    from typing import Literal

    from sloth.runtime.action import Duration
    from sloth.runtime.host import Host


@action(query=True)
def get(
    host: "Host",
    *,
    url: str,
    headers: "dict[str, str] | None" = None,
    params: "dict[str, str] | None" = None,
    user: "str | None" = None,
    password: "str | None" = None,
    verify: bool = True,
    retries: int = 0,
    delay: "Duration" = 1.0
) -> "dict[str, object]":
    """Fetch an address; the response, or nil and why there is none.

    params: what is added to the address after a ?
    as in request: url, headers, user, password, verify, retries, delay

    example: local answer = http.get("http://localhost:8080/health", { retries = 10 })
    example: local release = http.get("https://example.org/release.json").json.version
    """
    login = web.login(user, password)
    asked = web.Request("GET", _with_params(url, params), headers=headers, login=login, verify=verify)
    return web.exchange(host, asked, retries, delay)


@action(query=True)
def head(
    host: "Host", *, url: str, headers: "dict[str, str] | None" = None, verify: bool = True
) -> "dict[str, object]":
    """The status and headers of an address; the response, or nil and why there is none.

    as in request: url, headers, verify

    example: local size = http.head("https://example.org/big.iso").headers["content-length"]
    """
    return web.exchange(host, web.Request("HEAD", url, headers=headers, verify=verify))


@action(check=WOULD_RUN)
def request(
    host: "Host",
    *,
    method: "Literal['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']" = "POST",
    url: str,
    body: "str | None" = None,
    json: object = None,
    form: "dict[str, str] | None" = None,
    headers: "dict[str, str] | None" = None,
    user: "str | None" = None,
    password: "str | None" = None,
    verify: bool = True,
    status: "list[int] | None" = None,
    changed_if: bool = True,
    retries: int = 0,
    delay: "Duration" = 1.0
) -> "dict[str, object]":
    """Send a request with any method.

    method: what is asked for
    url: the address
    body: what is sent, as it is
    json: a value that is sent as JSON
    form: names and values that are sent as a form
    headers: further headers
    user: a login, for Basic authentication
    password: its password
    verify: whether the certificate has to be good
    status: the statuses that are no failure; without it every answer is none
    changed_if: false says that it changes nothing: then it is sent in check mode, too
    retries: how often to try again where there was no answer, or one such as 503
    delay: how long to wait between two tries

    example: http.request { method = "POST", url = "https://example.org/hook", json = { text = "done" }, status = 200 }
    """
    asked = _request(method, url, _body(body, json, form), headers, web.login(user, password), verify)
    return web.act(host, asked, status, changes=changed_if, retries=retries, delay=delay)


@action(check=WOULD_RUN)
def post(
    host: "Host",
    *,
    url: str,
    body: "str | None" = None,
    json: object = None,
    form: "dict[str, str] | None" = None,
    headers: "dict[str, str] | None" = None,
    user: "str | None" = None,
    password: "str | None" = None,
    verify: bool = True,
    status: "list[int] | None" = None,
    changed_if: bool = True,
    retries: int = 0,
    delay: "Duration" = 1.0
) -> "dict[str, object]":
    """Send something to an address.

    as in request: url, body, json, form, headers, user, password, verify, status, changed_if, retries, delay

    example: http.post("https://example.org/hook", { json = { text = "done" }, status = { 200, 202 } })
    """
    asked = _request("POST", url, _body(body, json, form), headers, web.login(user, password), verify)
    return web.act(host, asked, status, changes=changed_if, retries=retries, delay=delay)


@action(check=WOULD_RUN)
def put(
    host: "Host",
    *,
    url: str,
    body: "str | None" = None,
    json: object = None,
    headers: "dict[str, str] | None" = None,
    user: "str | None" = None,
    password: "str | None" = None,
    verify: bool = True,
    status: "list[int] | None" = None,
    changed_if: bool = True,
    retries: int = 0,
    delay: "Duration" = 1.0
) -> "dict[str, object]":
    """Put something in the place of what is at an address.

    as in request: url, body, json, headers, user, password, verify, status, changed_if, retries, delay

    example: http.put("http://localhost:9200/_settings", { json = { replicas = 1 }, status = 200 })
    """
    asked = _request("PUT", url, _body(body, json, None), headers, web.login(user, password), verify)
    return web.act(host, asked, status, changes=changed_if, retries=retries, delay=delay)


@action(check=WOULD_RUN)
def patch(
    host: "Host",
    *,
    url: str,
    body: "str | None" = None,
    json: object = None,
    headers: "dict[str, str] | None" = None,
    user: "str | None" = None,
    password: "str | None" = None,
    verify: bool = True,
    status: "list[int] | None" = None,
    changed_if: bool = True,
    retries: int = 0,
    delay: "Duration" = 1.0
) -> "dict[str, object]":
    """Change a part of what is at an address.

    as in request: url, body, json, headers, user, password, verify, status, changed_if, retries, delay

    example: http.patch("http://localhost:8080/flags", { json = { maintenance = true }, status = 200 })
    """
    asked = _request("PATCH", url, _body(body, json, None), headers, web.login(user, password), verify)
    return web.act(host, asked, status, changes=changed_if, retries=retries, delay=delay)


@action(check=WOULD_RUN)
def delete(
    host: "Host",
    *,
    url: str,
    headers: "dict[str, str] | None" = None,
    user: "str | None" = None,
    password: "str | None" = None,
    verify: bool = True,
    status: "list[int] | None" = None,
    changed_if: bool = True,
    retries: int = 0,
    delay: "Duration" = 1.0
) -> "dict[str, object]":
    """Remove what is at an address.

    as in request: url, headers, user, password, verify, status, changed_if, retries, delay

    example: http.delete("http://localhost:8080/cache", { status = { 200, 204, 404 } })
    """
    asked = _request("DELETE", url, _body(None, None, None), headers, web.login(user, password), verify)
    return web.act(host, asked, status, changes=changed_if, retries=retries, delay=delay)


def _with_params(url: str, params: "dict[str, str] | None") -> str:
    if not params:
        return url
    return url + ("&" if urlsplit(url).query else "?") + urlencode(sorted(params.items()))


def _request(
    method: str, url: str, body: "tuple[bytes | None, str]", headers: "dict[str, str] | None",
    login: "tuple[str, str] | None", verify: bool,
) -> web.Request:
    """What is sent. body: it and its kind, which further headers may say otherwise."""
    data, kind = body
    sent = dict({"Content-Type": kind} if kind else {}, **(headers or {}))
    return web.Request(method, url, headers=sent, body=data, login=login, verify=verify)


def _body(body: "str | None", value: object, form: "dict[str, str] | None") -> "tuple[bytes | None, str]":
    """What to send, and the kind of content that it is."""
    given = [one for one in (body, value, form) if one is not None]
    if len(given) > 1:
        raise BadArguments("http: give one of body, json and form")
    if value is not None:
        return json.dumps(value, ensure_ascii=False).encode(), "application/json"
    if form is not None:
        return urlencode(sorted(form.items())).encode(), "application/x-www-form-urlencoded"
    return (None if body is None else body.encode("utf-8", "surrogateescape")), ""
