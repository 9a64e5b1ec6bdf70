"""« Mon e-CPS » under /mon-ecps/, the login by phone under /login/phone/."""

from django.urls import path

from idp.enrollment.views import (
    activation,
    home,
    loss,
    offline_login,
    phone_login,
    scan_screen,
    waiting,
)

app_name = "enrollment"
urlpatterns = [
    path("mon-ecps/", home.home, name="home"),
    path("mon-ecps/retour", home.resume, name="resume"),
    path("mon-ecps/appareils/<uuid:device_id>/revoquer", home.revoke, name="revoke"),
    path("mon-ecps/appareils/<uuid:device_id>/renommer", home.rename, name="rename"),
    path("mon-ecps/appareils/<uuid:device_id>/reprendre", home.put_back, name="put_back"),
    path("mon-ecps/perte", loss.report, name="loss"),
    path("mon-ecps/perte/retour", loss.resume, name="loss_resume"),
    path("mon-ecps/perte/fait", loss.done, name="loss_done"),
    path("mon-ecps/activer", activation.start, name="start"),
    path("mon-ecps/activer/<uuid:enrolment_id>", activation.show, name="show"),
    path("mon-ecps/activer/<uuid:enrolment_id>/qr.svg", activation.qr, name="qr"),
    path("mon-ecps/activer/<uuid:enrolment_id>/events", activation.events, name="events"),
    path("mon-ecps/activer/<uuid:enrolment_id>/confirm", activation.confirm, name="confirm"),
    path("mon-ecps/activer/<uuid:enrolment_id>/certify", activation.certify, name="certify"),
    path("mon-ecps/activer/<uuid:enrolment_id>/certified", activation.certified, name="certified"),
    path("mon-ecps/activer/<uuid:enrolment_id>/cancel", activation.cancel, name="cancel"),
    path("login/offline/<uuid:attempt_id>", offline_login.offline_start, name="offline_start"),
    path("login/phone/<uuid:attempt_id>", phone_login.phone_start, name="phone_start"),
    path("login/phone/<uuid:attempt_id>/scan", phone_login.phone_scan, name="phone_scan"),
    path("login/phone/<uuid:attempt_id>/code", phone_login.phone_code, name="phone_code"),
    path("login/phone/<uuid:attempt_id>/passkey", phone_login.phone_passkey, name="phone_passkey"),
    path("login/phone/<uuid:attempt_id>/forget", phone_login.phone_forget, name="phone_forget"),
    path("login/phone/<uuid:attempt_id>/qr.svg", scan_screen.phone_qr, name="phone_qr"),
    path(
        "login/phone/<uuid:attempt_id>/events",
        scan_screen.phone_scan_events,
        name="phone_scan_events",
    ),
    path(
        "login/phone/<uuid:attempt_id>/status",
        scan_screen.phone_scan_status,
        name="phone_scan_status",
    ),
    path("login/phone/requests/<uuid:request_id>", waiting.phone_wait, name="phone_wait"),
    path(
        "login/phone/requests/<uuid:request_id>/events", waiting.phone_events, name="phone_events"
    ),
    path(
        "login/phone/requests/<uuid:request_id>/status", waiting.phone_status, name="phone_status"
    ),
    path(
        "login/phone/requests/<uuid:request_id>/cancel", waiting.phone_cancel, name="phone_cancel"
    ),
]
