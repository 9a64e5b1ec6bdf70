"""A workstation that a test may break and mend, and the doctor who looks at it."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cps_bridge.commands import doctor
from cps_bridge.commands.browsers import Browsers
from cps_bridge.commands.doctor import Workstation
from cps_bridge.commands.policies import WINDOWS_KEYS, Policies
from cps_bridge.config import Config
from cps_bridge.errors import SetupError
from cps_bridge.lock import CardLock
from cps_bridge.native import HOST_NAME
from cps_bridge.pkcs11_reader import Pkcs11Reader
from cps_bridge.reader import CardReader

from tests.bridge.middleware import CpsCard, Middleware
from tests.bridge.pki import Pair, authentication_pair
from tests.bridge.scripted import reader_over

ORIGIN = "https://idp.example"
PORT = 24940


def card_of(held: Pair) -> Middleware:
    return Middleware(CpsCard({b"\1": held}))


@dataclass(kw_only=True)
class Workplace:
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

    def __init__(self, desk: Workplace, capsys: pytest.CaptureFixture[str]) -> None:
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
