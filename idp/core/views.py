"""Front page, health, help and accessibility statement."""

import structlog
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

log = structlog.get_logger()


def health(request: HttpRequest) -> JsonResponse:
    """200 when the database answers, else 503: what a load balancer asks."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        log.error("database_unavailable", error=type(error).__name__)
        return JsonResponse(
            {"status": "database"}, status=503, headers={"Cache-Control": "no-store"}
        )
    return JsonResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


def front_page(request: HttpRequest) -> HttpResponse:
    """Who comes without a portal learns where to begin; no portal ever links here."""
    return render(request, "front.html")


def help_page(request: HttpRequest) -> HttpResponse:
    return render(request, "help.html")


def accessibility_page(request: HttpRequest) -> HttpResponse:
    return render(request, "accessibility.html")
