"""The portal's pages, a few lines each. Every rule of the protocol is in provider.py."""

import base64
import json
import secrets
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

from flask import Response, current_app, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from examples.portal.professional import read_professional, read_proof
from examples.portal.provider import LoginError, Provider
from examples.portal.visitors import Visitor, Visitors

PROMPTS = {"login", "none"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """All that the pages need."""

    url: str
    provider: Provider
    visitors: Visitors = field(default_factory=Visitors)


def home() -> str:
    visitor = _visitor()
    if visitor is None or visitor.login is None:
        issuer_host = urlsplit(_portal().provider.issuer).netloc
        return render_template("home.html", issuer_host=issuer_host)
    message, visitor.message = visitor.message, ""
    return render_template(
        "welcome.html",
        person=read_professional(visitor.login.userinfo),
        proof=read_proof(visitor.login),
        message=message,
        documents=_documents(visitor.login.tokens, visitor.login.userinfo),
        can_refresh="refresh_token" in visitor.login.tokens,
    )


def login() -> BaseResponse:
    prompt = request.args.get("prompt")
    url, pending = _portal().provider.begin_login(
        redirect_uri=f"{_portal().url}/callback", prompt=prompt if prompt in PROMPTS else None
    )
    visitor = _visitor() or _become(_portal().visitors.add())
    visitor.remember(pending)
    return redirect(url)


def callback() -> BaseResponse:
    visitor = _visitor()
    # Taken out before it is used: an answer that is played again finds nothing.
    pending = visitor.pending.pop(request.args.get("state", ""), None) if visitor else None
    verified = _portal().provider.finish_login(pending=pending, answer=request.args)
    _become(_portal().visitors.add(login=verified))
    return redirect(url_for("home"))


def refresh() -> BaseResponse:
    visitor = _visitor()
    if visitor is None or visitor.login is None:
        return redirect(url_for("home"), 303)
    try:
        visitor.login = _portal().provider.refresh(visitor.login)
    except LoginError as error:
        if error.code != "provider_unreachable":
            _portal().visitors.forget(visitor)
        raise
    visitor.message = "Les jetons ont été renouvelés."
    return redirect(url_for("home"), 303)


def logout() -> BaseResponse:
    """Ours first, then the provider's: if that one does not answer, we are out all the same."""
    visitor = _visitor()
    _portal().visitors.forget(visitor)
    if visitor is None or visitor.login is None:
        return redirect(url_for("home"), 303)
    state = secrets.token_urlsafe(32)
    _become(_portal().visitors.add(logout_state=state))
    url = _portal().provider.logout_url(
        id_token=visitor.login.tokens["id_token"],
        return_to=f"{_portal().url}/logged-out",
        state=state,
    )
    return redirect(url, 303)


def logged_out() -> str:
    visitor = _visitor()
    expected = visitor.logout_state if visitor else None
    state = request.args.get("state", "")
    if not expected or not secrets.compare_digest(expected.encode(), state.encode()):
        raise LoginError("state_mismatch", "an answer to a logout that was not asked for")
    _portal().visitors.forget(visitor)
    session.clear()
    return render_template("logged_out.html")


def backchannel_logout() -> Response:
    """The provider says that a session is over: a lost card, an order. No browser is here."""
    ended = _portal().provider.read_logout_token(request.form.get("logout_token", ""))
    _portal().visitors.end(ended)
    return Response(status=200)


def health() -> Response:
    return Response("ok", mimetype="text/plain")


def _portal() -> Portal:
    return cast("Portal", current_app.extensions["portal"])


def _visitor() -> Visitor | None:
    return _portal().visitors.find(session.get("key"))


def _become(visitor: Visitor) -> Visitor:
    """This browser is that visitor from now on; its former key opens nothing any more."""
    _portal().visitors.forget(_visitor())
    session["key"] = visitor.key
    return visitor


def _documents(tokens: dict[str, Any], userinfo: dict[str, Any]) -> list[dict[str, str]]:
    """What the curious developer reads: each token raw and, where it is a JWT, decoded."""
    documents = [
        {"name": name, "raw": tokens[name], "decoded": _decoded(tokens[name])}
        for name in ("id_token", "access_token", "refresh_token")
        if isinstance(tokens.get(name), str)
    ]
    return [*documents, {"name": "userinfo", "raw": "", "decoded": _pretty(userinfo)}]


def _decoded(token: str) -> str:
    """For reading only. What the portal relies on was verified in provider.py."""
    try:
        header, payload = (
            json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
            for part in token.split(".")[:2]
        )
    except ValueError:
        return ""
    return _pretty({"header": header, "payload": payload})


def _pretty(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
