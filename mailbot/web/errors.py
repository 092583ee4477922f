"""Turns whatever went wrong into an answer: a problem for API clients, a plain page for people; never a traceback.

A store that cannot answer now is 503; what nobody foresaw is logged and answers 500 without its text.
"""

from collections.abc import Awaitable, Callable

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from mailbot import log
from mailbot.engine.engine import NotFound, VersionMismatch
from mailbot.store.faults import Conflict, Refused, StoreBroken, StoreFault
from mailbot.web.forms import BadForm, FieldError, located
from mailbot.web.headers import headers_for
from mailbot.web.problems import Problem, defective, not_found
from mailbot.web.site import Site, site_of
from mailbot.wording.marking import mark

_PAGES = {
    403: (mark("Not allowed"), mark("You may not do this.")),
    404: (mark("This page does not exist"), mark("Perhaps the address was cut off on its way to you.")),
    405: (mark("This page does not exist"), mark("Perhaps the address was cut off on its way to you.")),
    422: (mark("This does not work"), mark("The address holds something we cannot read.")),
    503: (mark("Please try again in a minute"), mark("Nothing was changed.")),
    500: (
        mark("Something went wrong on our side"),
        mark("Nothing was changed. Please try again, or answer any of our mails."),
    ),
}


def install(app: FastAPI) -> None:
    """Registers every handler."""
    handlers: dict[type[Exception], Callable[[Request, Exception], Problem]] = {
        Problem: lambda _, error: error if isinstance(error, Problem) else _unforeseen(),
        BadForm: lambda _, error: defective(error.errors) if isinstance(error, BadForm) else _unforeseen(),
        RequestValidationError: lambda _, error: _invalid(error),
        NotFound: lambda _, __: not_found(),
        VersionMismatch: lambda _, error: Problem(412, "version_mismatch", str(error)),
        Refused: lambda _, error: Problem(422, getattr(error, "code", "refused"), str(error)),
        Conflict: lambda _, __: _busy(),
        StoreFault: lambda _, error: _store_fault(error),
        HTTPException: lambda _, error: _http(error),
        Exception: _logged,
    }
    for kind, translate in handlers.items():
        app.add_exception_handler(kind, _answering(translate))


def _answering(
    translate: Callable[[Request, Exception], Problem],
) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def answer(request: Request, error: Exception) -> Response:
        problem = translate(request, error)
        if request.url.path.startswith("/api/"):
            return with_headers(problem.response(), site_of(request))
        title, text = _PAGES.get(problem.status, _PAGES[422])
        page = await site_of(request).message(request, title, text, status=problem.status)
        return with_headers(page, site_of(request))

    return answer


def with_headers(response: Response, site: Site) -> Response:
    """The same answer with the security headers: that to an unforeseen fault is made outside all wrappers."""
    for name, value in headers_for(secure=site.secure).items():
        response.headers.setdefault(name, value)
    return response


def _invalid(error: Exception) -> Problem:
    found = error.errors() if isinstance(error, RequestValidationError) else []
    return defective([located(item["loc"], item["type"], item["msg"]) for item in found])


def _http(error: Exception) -> Problem:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 404:
        return not_found()
    detail = str(error.detail) if isinstance(error, HTTPException) else ""
    if status == 400:
        return defective([FieldError("body", "unreadable", detail or "the body cannot be read")])
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    return Problem(status, {405: "method_not_allowed", 413: "too_large"}.get(status, "bad_request"), detail, headers)


def _store_fault(error: Exception) -> Problem:
    if isinstance(error, StoreBroken):
        log.disk_broken()
    return _busy()


def _busy() -> Problem:
    return Problem(503, "try_again", "The database could not do it now; nothing was changed.", {"Retry-After": "5"})


def _logged(request: Request, error: Exception) -> Problem:
    log.request_failed(request.method, str(getattr(request.scope.get("route"), "path", "")), error)
    return _unforeseen()


def _unforeseen() -> Problem:
    return Problem(500, "our_fault", "Something went wrong on our side; nothing was changed.")
