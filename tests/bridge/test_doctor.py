"""`cps-bridge doctor`, read in broken situations: it names the fault, and its cure works."""

import json
import plistlib
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cps_bridge.commands import card_service, doctor, policies
from cps_bridge.commands.browsers import Browsers
from cps_bridge.commands.doctor import Workstation
from cps_bridge.commands.policies import NAMES, WINDOWS_KEYS, Policies, registry_texts
from cps_bridge.config import Config
from cps_bridge.errors import SetupError
from cps_bridge.installation.places import System
from cps_bridge.lock import CardLock
from cps_bridge.native import HOST_NAME
from cps_bridge.pkcs11_reader import Pkcs11Reader
from cps_bridge.reader import CardReader
from pkcs11.constants import TokenFlag
from pkcs11.exceptions import GeneralError, TokenNotRecognised

from tests.bridge.cards import write_tray
from tests.bridge.middleware import CpsCard, Middleware
from tests.bridge.pki import Pair, authentication_pair, pair, rsa_key, signature_pair
from tests.bridge.scripted import reader_over
from tests.bridge.test_commands import running

ORIGIN = "https://idp.example"
PORT = 24940


def card_of(held: Pair) -> Middleware:
    return Middleware(CpsCard({b"\1": held}))


@dataclass(kw_only=True)
class Desk:
    """A workstation that a test may break and mend."""

    home: Path
    module: Middleware = field(default_factory=lambda: card_of(authentication_pair()))
    origins: tuple[str, ...] = (ORIGIN,)
    installed: Path | SetupError | None = Path("/played.so")
    is_service_down: bool = False
    has_window: bool = True
    user_id: int = 1000
    lock: CardLock | None = None
    registry: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    @property
    def preferences(self) -> Path:
        return self.home / "chromium" / "Default" / "Preferences"

    @property
    def policies(self) -> Path:
        return self.home / "managed" / "hygie.json"

    @property
    def manifest(self) -> Path:
        return self.home / "hosts" / f"{HOST_NAME}.json"

    def find_module(self, _configured: Path | None) -> Path | None:
        if isinstance(self.installed, SetupError):
            raise self.installed
        return self.installed

    def reader(self, _path: Path) -> CardReader:
        if self.lock is None:
            return reader_over(self.module)
        return Pkcs11Reader(
            find_module=lambda: Path("/played.so"),
            load_module=lambda _path: self.module,
            lock=self.lock,
        )

    def write(self, path: Path, content: object) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))


class Doctor:
    """Runs the doctor on a desk."""

    def __init__(self, desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
        self.desk = desk
        self._capsys = capsys

    def says(self) -> tuple[bool, str]:
        desk = self.desk
        workstation = Workstation(
            browsers=Browsers(
                profiles=(desk.home / "chromium",),
                hosts=(desk.home / "hosts",),
                policies=Policies(
                    folders=(desk.home / "managed",),
                    property_lists=(desk.home / "com.google.Chrome.plist",),
                    keys=(WINDOWS_KEYS[0],),
                    registry=lambda root, name: desk.registry.get((root, name), ()),
                ),
            ),
            open_reader=desk.reader,
            is_card_service_down=lambda: desk.is_service_down,
        )
        config = Config(origins=desk.origins, ports=(PORT,))
        return doctor.examine(config, workstation=workstation), self._capsys.readouterr().out


@pytest.fixture
def visit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Doctor:
    desk = Desk(home=tmp_path)
    monkeypatch.setattr(doctor, "find_module", desk.find_module)
    monkeypatch.setattr("cps_bridge.commands.doctor.os.geteuid", lambda: desk.user_id)
    monkeypatch.setattr("cps_bridge.prompts.window.is_available", lambda: desk.has_window)
    monkeypatch.setattr(doctor, "find_pinentry", lambda: None)
    monkeypatch.setattr("cps_bridge.prompts.terminal.is_available", lambda: False)
    return Doctor(desk, capsys)


Break = Callable[[Desk], None]


def failing(call: str, error: type[GeneralError] | type[TokenNotRecognised]) -> Break:
    def act(desk: Desk) -> None:
        desk.module.failures[call] = [error() for _ in range(9)]

    return act


def holding(held: Pair) -> Break:
    def act(desk: Desk) -> None:
        desk.module = card_of(held)

    return act


def without(**parts: object) -> Break:
    def act(desk: Desk) -> None:
        for name, value in parts.items():
            setattr(desk, name, value)

    return act


def stop_service(desk: Desk) -> None:
    desk.module, desk.is_service_down = Middleware(), True


def refuse_in_browser(desk: Desk) -> None:
    exceptions = {"loopback_network": {f"{ORIGIN}:443,*": {"setting": 2}}}
    desk.write(desk.preferences, {"profile": {"content_settings": {"exceptions": exceptions}}})


def lose_the_host(desk: Desk) -> None:
    desk.write(desk.manifest, {"path": str(desk.home / "gone")})


def replaceable(desk: Desk) -> None:
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


@pytest.mark.parametrize(
    "name", ["LoopbackNetworkAllowedForUrls", "LocalNetworkAccessAllowedForUrls"]
)
def test_a_managed_policy_is_read(visit: Doctor, name: str) -> None:
    visit.desk.write(visit.desk.policies, {name: [f"{ORIGIN}/"]})
    said = visit.says()[1]
    assert f"autorise déjà {ORIGIN}" in said
    assert "demandent une fois" not in said


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", [plistlib.FMT_XML, plistlib.FMT_BINARY])
def test_a_profile_of_macos_is_read(visit: Doctor, name: str, form: plistlib.PlistFormat) -> None:
    profile = visit.desk.home / "com.google.Chrome.plist"
    profile.write_bytes(plistlib.dumps({name: [f"{ORIGIN}/"]}, fmt=form))
    assert f"autorise déjà {ORIGIN}" in visit.says()[1]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("root", ["HKEY_LOCAL_MACHINE", "HKEY_CURRENT_USER"])
def test_the_registry_of_windows_is_read(visit: Doctor, root: str, name: str) -> None:
    visit.desk.registry[root, rf"{WINDOWS_KEYS[0]}\{name}"] = ("https://else.example", ORIGIN)
    assert f"autorise déjà {ORIGIN}" in visit.says()[1]


@pytest.mark.parametrize("content", [b"<plist", b"bplist00", b"", plistlib.dumps([ORIGIN])])
def test_a_profile_that_cannot_be_read_allows_nothing(visit: Doctor, content: bytes) -> None:
    (visit.desk.home / "com.google.Chrome.plist").write_bytes(content)
    assert "demandent une fois" in visit.says()[1]


def test_a_policy_that_is_no_list_allows_nothing(visit: Doctor) -> None:
    visit.desk.write(visit.desk.policies, {NAMES[0]: ORIGIN, NAMES[1]: [7]})
    assert "demandent une fois" in visit.says()[1]


def test_each_system_keeps_its_policies_in_a_place_of_its_own() -> None:
    root, home = Path("/"), Path("/home/camille")
    linux = Policies.of(System.LINUX, root=root, home=home)
    assert Path("/etc/opt/chrome/policies/managed") in linux.folders
    assert (linux.property_lists, linux.keys) == ((), ())
    macos = Policies.of(System.MACOS, root=root, home=home)
    managed = Path("/Library/Managed Preferences")
    assert managed / "com.google.Chrome.plist" in macos.property_lists
    assert managed / "camille" / "com.microsoft.Edge.plist" in macos.property_lists
    windows = Policies.of(System.WINDOWS, root=root, home=home)
    assert r"Software\Policies\Google\Chrome" in windows.keys
    assert (windows.folders, windows.property_lists) == ((), ())


class PlayedRegistry:
    """Windows' `winreg` as its documentation has it: one key, whose end is an OSError."""

    HKEY_LOCAL_MACHINE = "machine"
    VALUES = (("1", "https://else.example", 1), ("2", 7, 4), ("3", ORIGIN, 1))

    @contextmanager
    def OpenKey(self, root: str, name: str) -> Iterator[str]:  # noqa: N802
        if (root, name) != ("machine", WINDOWS_KEYS[0]):
            raise FileNotFoundError(name)
        yield name

    def EnumValue(self, _key: str, index: int) -> tuple[str, object, int]:  # noqa: N802
        if index >= len(self.VALUES):
            raise OSError(259, "no more data")
        return self.VALUES[index]


def test_a_key_is_read_to_its_end_and_only_for_its_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policies, "winreg", PlayedRegistry(), raising=False)
    monkeypatch.setattr("cps_bridge.commands.policies.sys.platform", "win32")
    listed = registry_texts("HKEY_LOCAL_MACHINE", WINDOWS_KEYS[0])
    assert listed == ["https://else.example", ORIGIN]
    assert registry_texts("HKEY_LOCAL_MACHINE", "absent") == []


@pytest.mark.skipif(sys.platform == "win32", reason="there is a registry")
def test_without_a_registry_nothing_is_read_from_it() -> None:
    assert registry_texts("HKEY_LOCAL_MACHINE", WINDOWS_KEYS[0]) == []


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
