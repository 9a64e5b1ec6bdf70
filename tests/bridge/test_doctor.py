"""`cps-bridge doctor`, read in broken situations: it names the fault, and its cure works."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cps_bridge.commands import card_service
from cps_bridge.errors import SetupError
from cps_bridge.lock import CardLock
from pkcs11.constants import TokenFlag
from pkcs11.exceptions import GeneralError, TokenNotRecognised

from tests.bridge.cards import write_tray
from tests.bridge.middleware import Middleware
from tests.bridge.pki import Pair, pair, rsa_key, signature_pair
from tests.bridge.test_commands import running
from tests.bridge.workplace import ORIGIN, PORT, Doctor, Workplace, card_of

Break = Callable[[Workplace], None]


def failing(call: str, error: type[GeneralError] | type[TokenNotRecognised]) -> Break:
    def act(desk: Workplace) -> None:
        desk.module.failures[call] = [error() for _ in range(9)]

    return act


def holding(held: Pair) -> Break:
    def act(desk: Workplace) -> None:
        desk.module = card_of(held)

    return act


def without(**parts: object) -> Break:
    def act(desk: Workplace) -> None:
        for name, value in parts.items():
            setattr(desk, name, value)

    return act


def stop_service(desk: Workplace) -> None:
    desk.module, desk.is_service_down = Middleware(), True


def refuse_in_browser(desk: Workplace) -> None:
    exceptions = {"loopback_network": {f"{ORIGIN}:443,*": {"setting": 2}}}
    desk.write(desk.preferences, {"profile": {"content_settings": {"exceptions": exceptions}}})


def lose_the_host(desk: Workplace) -> None:
    desk.write(desk.manifest, {"path": str(desk.home / "gone")})


def replaceable(desk: Workplace) -> None:
    desk.installed = SetupError("Module de carte refusé : /tmp/x.so.")


# What is broken, how, and what the person reads: the fault, then the cure.
BROKEN: list[tuple[str, Break, str, str]] = [
    ("no reader", without(module=Middleware()), "Aucun lecteur", "Branchez le lecteur"),
    ("service down", stop_service, "cartes à puce est arrêté", "systemctl enable --now pcscd"),
    ("no module", without(installed=None), "Aucun module", "Cryptolib CPS"),
    ("module that others can replace", replaceable, "refusé : /tmp/x.so", "Cryptolib CPS"),
    ("no origin", without(origins=()), "Aucune page de connexion", 'origins = ["https://'),
    ("root", without(user_id=0), "root", "dans la session de la personne"),
    ("no way to ask the PIN", without(has_window=False), "Aucun moyen", "session graphique"),
    ("signature card", holding(signature_pair()), "ne permet pas", "famille CPS"),
    ("foreign card", failing("get_token", TokenNotRecognised), "ne permet pas", "famille CPS"),
    ("card in use", failing("open", GeneralError), "Un autre programme", "Fermez-le"),
    ("expired card", holding(pair(rsa_key(), days=5, age_days=9)), "expirée", "nouvelle carte"),
    ("early card", holding(pair(rsa_key(), age_days=-3)), "à partir du", "date et l'heure"),
    ("old key", holding(pair(rsa_key("short", 1024))), "trop ancienne", "renouvellement"),
    ("browser refused", refuse_in_browser, f"refusé à {ORIGIN}", "à gauche de l'adresse"),
    ("host gone", lose_the_host, "n'existe plus", "cps-bridge install"),
]


@pytest.mark.parametrize(
    ("spoil", "fault", "cure"), [pytest.param(*rest, id=name) for name, *rest in BROKEN]
)
def test_the_doctor_names_the_fault_and_the_cure(
    visit: Doctor, spoil: Break, fault: str, cure: str
) -> None:
    assert visit.says()[0] is True
    spoil(visit.desk)
    is_well, said = visit.says()
    assert is_well is False
    wrong = [line for line in said.splitlines() if line.startswith(" ✗")]
    after = said.splitlines()[said.splitlines().index(wrong[0]) + 1]
    assert len(wrong) == 1
    assert fault in wrong[0]
    assert after.startswith("     → ")
    assert cure in after


def test_a_port_list_full_of_strangers_leaves_no_place(visit: Doctor) -> None:
    with socket.create_server(("127.0.0.1", PORT)):
        is_well, said = visit.says()
    assert is_well is False
    assert f"Port {PORT} : pris par un autre programme" in said
    assert "HYGIE_BRIDGE_PORTS" in said
    assert visit.says()[0] is True


def test_a_card_login_under_way_is_said(visit: Doctor) -> None:
    visit.desk.lock = CardLock(visit.desk.home / "lock")
    assert visit.says()[0] is True
    with visit.desk.lock.held():
        is_well, said = visit.says()
    assert is_well is False
    assert "terminez la connexion en cours" in said


# What stands in nobody's way, and is worth knowing.
NOTED: list[tuple[str, Break, str, str]] = [
    ("nothing runs", lambda _desk: None, "Aucun pont n'est lancé", "cps-bridge run"),
    ("no card", without(module=Middleware(None)), "aucune carte dedans", "Insérez la carte"),
    ("expires soon", holding(pair(rsa_key(), days=9)), "bientôt", "CPS Info Service"),
    ("browser will ask", lambda _desk: None, "demandent une fois", "LoopbackNetworkAllowed"),
    ("no extension", lambda _desk: None, "pas reliée", "cps-bridge install"),
]


@pytest.mark.parametrize(
    ("spoil", "fact", "advice"), [pytest.param(*rest, id=name) for name, *rest in NOTED]
)
def test_the_doctor_notes_what_is_worth_knowing(
    visit: Doctor, spoil: Break, fact: str, advice: str
) -> None:
    spoil(visit.desk)
    is_well, said = visit.says()
    assert is_well is True
    (line,) = [position for position, text in enumerate(said.splitlines()) if fact in text]
    assert advice in said.splitlines()[line + 1]


def test_the_last_try_is_noted_without_a_pin(visit: Doctor) -> None:
    card = visit.desk.module.cards[0]
    assert card is not None
    card.extra_flags = TokenFlag.USER_PIN_FINAL_TRY
    assert "qu'un essai" in visit.says()[1]
    assert card.pins_seen == []


def test_a_running_bridge_is_known(visit: Doctor, tmp_path: Path) -> None:
    directory = str(write_tray(tmp_path))
    with running("sandbox", directory, "--origin", "http://localhost:8000", "--ports", str(PORT)):
        _well, said = visit.says()
    assert f"Port {PORT} : un pont répond" in said
    assert "Aucun pont" not in said


def test_a_refusal_of_another_site_or_an_unreadable_file_is_no_fault(visit: Doctor) -> None:
    exceptions = {"loopback_network": {f"{ORIGIN}:8443,*": {"setting": 2}, "*,*": {"setting": 1}}}
    content = {"profile": {"content_settings": {"exceptions": exceptions}}}
    visit.desk.write(visit.desk.preferences, content)
    assert visit.says()[0] is True
    visit.desk.preferences.write_text("{")
    assert visit.says()[0] is True


def test_an_extension_with_its_host_is_good(visit: Doctor) -> None:
    program = visit.desk.home / "native-host"
    program.touch()
    visit.desk.write(visit.desk.manifest, {"path": str(program)})
    assert "reliée au pont." in visit.says()[1]


@contextmanager
def listening(path: Path) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(path))
        server.listen()
        yield


def test_the_card_service_is_down_when_nobody_listens(tmp_path: Path) -> None:
    path = tmp_path / "pcscd.comm"
    assert card_service.is_down((str(path),))
    with listening(path):
        assert not card_service.is_down((str(tmp_path / "absent"), str(path)))
    # The file outlives a service that was killed.
    assert card_service.is_down((str(path),))
