"""Health, help and accessibility statement."""

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render


def health(request: HttpRequest) -> JsonResponse:
    """200 when the database answers: what a load balancer asks."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


def help_page(request: HttpRequest) -> HttpResponse:
    return render(request, "help.html")


def accessibility_page(request: HttpRequest) -> HttpResponse:
    return render(request, "accessibility.html")
