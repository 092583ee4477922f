"""Puts the site together: every route, every header, every limit, around one engine and one store.

`create_app` opens nothing and starts nothing; it works as it is under any ASGI server, and in tests without one.
"""

from fastapi import FastAPI

from mailbot import __version__
from mailbot.config import Config
from mailbot.engine.engine import Engine
from mailbot.inbound.viewer import Viewer
from mailbot.store.database import Store
from mailbot.templates import Templates
from mailbot.tokens import Tokens
from mailbot.web import (
    api,
    api_models,
    claims,
    confirm,
    customer,
    errors,
    help_page,
    lab,
    leaf_pages,
    office,
    office_mail,
    office_people,
    office_questions,
    office_reports,
    operations,
    partner,
    sheet_pages,
    signin,
)
from mailbot.web.bodies import BodyLimit
from mailbot.web.callers import Rates
from mailbot.web.headers import HeadAsGet, SecurityHeaders
from mailbot.web.site import Site

_OFFICE = (office, office_mail, office_people, office_questions, office_reports)
_PAGES = (operations, help_page, signin, confirm, customer, claims, sheet_pages, leaf_pages, partner, *_OFFICE)
_DESCRIPTION = "Claims and consent by e-mail. Every call takes an API key: Authorization: Bearer <key>."


def create_app(
    engine: Engine,
    store: Store,
    tokens: Tokens,
    templates: Templates,
    config: Config,
    viewer: Viewer | None = None,
) -> FastAPI:
    """The site. The lab's pages exist only if the configuration says so."""
    app = FastAPI(
        title="mailbot",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
    )
    app.state.site = site = Site(engine, store, tokens, templates, config, viewer)
    app.state.rates = Rates()
    app.include_router(api.router)
    for page in (*_PAGES, lab) if config.lab else _PAGES:
        app.include_router(page.router)
    plain = app.openapi
    app.openapi = lambda: api_models.complete(plain())  # type: ignore[method-assign]
    errors.install(app)
    app.add_middleware(BodyLimit, upload_limit=config.smtp.max_message_mib * 1024 * 1024)
    app.add_middleware(HeadAsGet)
    app.add_middleware(SecurityHeaders, secure=site.secure)
    return app
