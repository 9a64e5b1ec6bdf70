"""C_Finalize is called with the interpreter free, and python-pkcs11 is told of it."""

from pathlib import Path

import pytest
from cps_bridge import pkcs11_library
from cps_bridge.pkcs11_library import Module
from pkcs11.exceptions import PKCS11Error

from tests.emulators.softhsm import find_module, make_token


class PlayedLibrary:
    """python-pkcs11's object; it refuses to finalise what was finalised beside it."""

    def __init__(self) -> None:
        self.is_initialized = True
        self.calls: list[str] = []

    def c_finalize(self, _reserved: None) -> int:
        self.calls.append("C_Finalize")
        self.is_initialized = False
        return 0

    def finalize(self) -> None:
        self.calls.append("finalize")
        if not self.is_initialized:
            raise PKCS11Error("Unmapped error code 0x190")


def test_the_module_is_finalised_directly_and_python_is_told() -> None:
    library = PlayedLibrary()
    Module(library, c_finalize=library.c_finalize).finalize()
    assert library.calls == ["C_Finalize", "finalize"]


def test_a_module_that_only_exports_its_function_list_is_finalised_by_python() -> None:
    library = PlayedLibrary()
    Module(library, c_finalize=None).finalize()
    assert library.calls == ["finalize"]


def test_a_library_without_finalize_is_told_apart() -> None:
    assert pkcs11_library.find_finalize(Path("/nowhere/module.so")) is None


def test_a_real_module_starts_again_after_each_end(tmp_path: Path) -> None:
    token = make_token(tmp_path, entries=())
    with token.visible_here():
        module = pkcs11_library.load(find_module())
        assert pkcs11_library.find_finalize(find_module()) is not None
        for _ in range(3):
            module.initialize()
            assert len(module.get_slots(token_present=True)) > 0
            module.finalize()
            with pytest.raises(PKCS11Error):
                module.get_slots()


def test_the_module_is_loaded_by_its_path_only(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    monkeypatch.setattr("pkcs11.lib", loaded.append)
    pkcs11_library.load(Path("/usr/lib/module.so"))
    assert loaded == ["/usr/lib/module.so"]
