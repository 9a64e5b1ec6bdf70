"""Settings and module: only what the administrator wrote, and nobody else could have changed."""

import os
from pathlib import Path

import pytest
from cps_bridge import pkcs11_module
from cps_bridge.config import DEFAULT_PORTS, read_config
from cps_bridge.errors import BridgeError, Code, SetupError
from cps_bridge.lock import CardLock, lock_path
from cps_bridge.pkcs11_module import PROBES, find_module, probe_key

# The files of these tests count as the administrator's, whoever runs them.
OURS = {os.getuid()}


def config_file(directory: Path, text: str, *, mode: int = 0o644) -> Path:
    path = directory / "config.toml"
    path.write_text(text, "utf-8")
    path.chmod(mode)
    return path


def mistake(path: Path, text: str = "", *, mode: int = 0o644) -> str:
    with pytest.raises(SetupError) as refused:
        read_config(path=config_file(path, text, mode=mode), sandbox=True)
    return str(refused.value)


def test_the_file_and_the_command_line_add_up(tmp_path: Path) -> None:
    path = config_file(
        tmp_path, 'origins = ["https://a.example"]\nports = [1024]\ninsert_seconds = 30\n'
    )
    config = read_config(path=path, origins=("https://b.example",), sandbox=True)
    assert config.origins == ("https://a.example", "https://b.example")
    assert (config.ports, config.insert_seconds, config.pin_seconds) == ((1024,), 30, 120)
    assert read_config(path=path, ports=(2000,), sandbox=True).ports == (2000,)


def test_ids_of_published_extensions_are_those_of_either_family(tmp_path: Path) -> None:
    ids = ("a" * 32, "pont@hopital.example", "{01234567-89ab-cdef-0123-456789abcdef}")
    path = config_file(tmp_path, f"extensions = {list(ids)}\n")
    assert read_config(path=path, sandbox=True).extensions == ids


def test_the_lock_lies_in_a_folder_of_the_person_s_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert lock_path() == tmp_path / "cps-bridge.lock"
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "absent"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert lock_path() == tmp_path / "home" / ".cache" / "cps-bridge.lock"


def test_a_lock_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BridgeError) as refused, CardLock(tmp_path / "file" / "lock").held():
        pass
    assert refused.value.code is Code.CARD_ERROR


def test_without_a_file_the_four_ports_are_the_fixed_ones() -> None:
    config = read_config(path=None, origins=("http://localhost:8000",), sandbox=True)
    assert config.ports == DEFAULT_PORTS == (24817, 24818, 24819, 24820)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("origins = 1", "origins"),
        ('origins = ["https://a.example/"]', "Origine refusée"),
        ('origins = ["https://*"]', "Origine refusée"),
        ("ports = []", "ports"),
        ("ports = [70000]", "ports"),
        ("ports = [true]", "ports"),
        ("module = 1", "module"),
        ("insert_seconds = 1", "insert_seconds"),
        ("extensions = [1]", "extensions"),
        ('extensions = ["chrome-extension://abc/"]', "extensions"),
        ('pin = "1234"', "inconnus : pin"),
        ("origins = [", "mal écrits"),
    ],
)
def test_a_mistake_in_the_file_is_named(tmp_path: Path, text: str, named: str) -> None:
    assert named in mistake(tmp_path, text)


@pytest.mark.parametrize("mode", [0o666, 0o664, 0o646])
def test_a_file_that_others_can_write_is_refused(tmp_path: Path, mode: int) -> None:
    assert "administrateur" in mistake(tmp_path, "", mode=mode)


def test_a_file_of_another_account_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = config_file(tmp_path, "")
    monkeypatch.setattr("cps_bridge.config.os.fstat", lambda _fd: os.stat_result([0o644] * 10))
    with pytest.raises(SetupError, match="administrateur"):
        read_config(path=path)


def test_a_named_file_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="illisibles"):
        read_config(path=tmp_path / "absent.toml")


def test_the_first_installed_module_of_the_probes_is_taken(tmp_path: Path) -> None:
    second = tmp_path / "second.so"
    second.touch(0o644)
    probes = [str(tmp_path / "first.so"), str(second)]
    assert find_module(probes=probes, owners=OURS) == second
    assert find_module(probes=[str(tmp_path / "none.so")]) is None


def test_the_vendor_library_is_probed_under_its_true_linux_name() -> None:
    assert PROBES["linux"][0] == "/usr/lib64/libcps3_pkcs11_lux.so"


def test_a_bridge_of_32_bits_looks_for_the_vendors_32_bit_library_alone() -> None:
    there = probe_key("win32", largest=2**31 - 1)
    assert PROBES[there] == (r"C:\Windows\SysWOW64\cps3_pkcs11_w32.dll",)
    # A library of the other word size cannot be loaded: it must not hide the one that can.
    of_64_bits = PROBES[probe_key("win32", largest=2**63 - 1)]
    assert of_64_bits[0] == r"C:\Windows\System32\cps3_pkcs11_w64.dll"
    assert not any("w32.dll" in path for path in of_64_bits)


@pytest.mark.parametrize("system", ["linux", "darwin"])
def test_elsewhere_the_word_size_chooses_nothing(system: str) -> None:
    assert probe_key(system, largest=2**31 - 1) == system


def test_a_relative_or_missing_module_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="chemin complet"):
        find_module(Path("module.so"))
    with pytest.raises(SetupError, match="introuvable"):
        find_module(tmp_path / "absent.so")
    with pytest.raises(SetupError, match="fichier"):
        find_module(Path("/usr"))


@pytest.mark.parametrize("mode", [0o666, 0o775])
def test_a_module_that_others_can_write_is_refused(tmp_path: Path, mode: int) -> None:
    module = tmp_path / "module.so"
    module.touch()
    module.chmod(mode)
    with pytest.raises(SetupError, match=r"module\.so"):
        find_module(module, owners=OURS)


def test_a_module_in_a_directory_that_others_can_write_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    (folder / "module.so").touch(0o644)
    folder.chmod(0o777)
    with pytest.raises(SetupError, match="remplacé"):
        find_module(folder / "module.so", owners=OURS)


def test_a_link_is_judged_by_what_it_leads_to(tmp_path: Path) -> None:
    real, link = tmp_path / "real.so", tmp_path / "link.so"
    real.touch()
    real.chmod(0o666)
    link.symlink_to(real)
    with pytest.raises(SetupError, match="remplacé"):
        find_module(link, owners=OURS)


def test_a_module_of_another_account_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = tmp_path / "module.so"
    module.touch(0o644)
    monkeypatch.setattr(pkcs11_module, "ROOT_UID", os.getuid() + 1)
    with pytest.raises(SetupError, match="root"):
        find_module(module, owners=())
