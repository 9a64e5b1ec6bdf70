"""The phone's ES modules in a real Chromium, against the vectors the server is tested with."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Route, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "mobileapi" / "static" / "ecps"
VECTORS = ROOT / "tests" / "vectors" / "ecps"
# A name that browsers trust without TLS; no server answers there, the test does.
ORIGIN = "http://localhost:1"

pytestmark = pytest.mark.journey


def serve(route: Route) -> None:
    path = APP / route.request.url.removeprefix(f"{ORIGIN}/")
    if path.suffix == ".js":
        route.fulfill(body=path.read_text(), content_type="text/javascript")
    else:
        route.fulfill(body="<!doctype html><title>modules</title>", content_type="text/html")


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
            args=["--no-sandbox", "--disable-gpu"],
        )
        page = browser.new_page()
        page.route(f"{ORIGIN}/**", serve)
        page.goto(f"{ORIGIN}/")
        yield page
        browser.close()


def run(page: Page, body: str, argument: Any = None) -> Any:
    """Evaluates `body` with the modules in scope and `vector` as the argument."""
    return page.evaluate(
        """async ([body, vector]) => {
          const names = ["canonical", "encoding", "keys", "pinkey", "passkey"];
          const modules = await Promise.all(names.map((name) => import(`/${name}.js`)));
          const scope = Object.assign({}, ...modules);
          const work = new Function("scope", "vector",
            `const {${Object.keys(scope).join()}} = scope; return (async () => {${body}})()`);
          return work(scope, vector);
        }""",
        [body, argument],
    )


def cases(name: str) -> list[Any]:
    document = json.loads((VECTORS / f"{name}.json").read_text())
    shared = {key: value for key, value in document.items() if key != "cases"}
    return [
        pytest.param({**shared, **case}, id=case["name"].replace(" ", "-"))
        for case in document["cases"]
    ]


TRANSCRIPT = """
  const bytes = (name) => fromBase64Url(vector[name]);
  const transcript = await enrolmentTranscript({
    enrolmentId: vector.enrolment_id, nonce: bytes("nonce"),
    credentialId: bytes("credential_id"), credentialPublic: bytes("credential_public"),
    instancePublic: bytes("instance_public") });
  const challenge = await enrolmentChallenge(vector.enrolment_id, bytes("nonce"));
  return { transcript: toBase64Url(transcript), fingerprint: await fingerprint(transcript),
    webauthn_challenge: toBase64Url(challenge) };
"""


@pytest.mark.parametrize("vector", cases("transcript"))
def test_transcript_and_six_digits_are_the_servers(page: Page, vector: dict[str, Any]) -> None:
    computed = run(page, TRANSCRIPT, vector)
    assert computed == {name: vector[name] for name in computed}


APPROVAL = """
  const challenge = await approvalChallenge(
    fromBase64Url(vector.nonce), vector.context, vector.decision);
  return { canonical: jcs({ ...vector.context, decision: vector.decision }),
    challenge: toBase64Url(challenge) };
"""


@pytest.mark.parametrize("vector", cases("approval"))
def test_canonical_context_and_challenge_are_the_servers(
    page: Page, vector: dict[str, Any]
) -> None:
    computed = run(page, APPROVAL, vector)
    assert computed == {name: vector[name] for name in computed}


PIN_BOX = """
  const { pin, salt, blob } = vector.pin_box;
  const lock = { salt: fromBase64Url(salt), blob: fromBase64Url(blob) };
  const key = await crypto.subtle.importKey(
    "raw", fromBase64Url(vector.pin_public_key), "Ed25519", true, ["verify"]);
  const message = new TextEncoder().encode("message");
  const accepts = async (typed) =>
    crypto.subtle.verify("Ed25519", key, await signWithPin(lock, typed, message), message);
  return [await accepts(pin), await accepts("000001")];
"""


def test_the_pin_opens_the_vectors_box_and_no_other_does(page: Page) -> None:
    vector = json.loads((VECTORS / "approval.json").read_text())
    assert run(page, PIN_BOX, vector) == [True, False]


def test_every_wrong_pin_yields_a_well_formed_signature(page: Page) -> None:
    body = """
      const { lock } = await createPinKey("739204");
      const message = new Uint8Array(32);
      const sizes = [];
      for (const pin of ["739204", "739205", "000000"]) {
        sizes.push((await signWithPin(lock, pin, message)).length);
      }
      return [sizes, Object.keys(lock).sort()];
    """
    assert run(page, body) == [[64, 64, 64], ["blob", "digits", "salt"]]


def test_a_new_pin_key_is_the_one_the_pin_opens(page: Page) -> None:
    body = """
      const { publicKey, lock } = await createPinKey("739204");
      const key = await crypto.subtle.importKey(
        "raw", fromBase64Url(publicKey), "Ed25519", true, ["verify"]);
      const message = new Uint8Array(32);
      return crypto.subtle.verify(
        "Ed25519", key, await signWithPin(lock, "739204", message), message);
    """
    assert run(page, body) is True


@pytest.mark.parametrize(
    "pin", ["000000", "123456", "654321", "121212", "123123", "112233", "777777", "098765"]
)
def test_a_pin_that_is_guessed_first_is_refused(page: Page, pin: str) -> None:
    assert run(page, "return isTooSimple(vector)", pin) is True


@pytest.mark.parametrize("pin", ["739204", "273849", "100001", "905172"])
def test_an_ordinary_pin_is_accepted(page: Page, pin: str) -> None:
    assert run(page, "return isTooSimple(vector)", pin) is False


def test_the_device_key_cannot_be_exported(page: Page) -> None:
    body = """
      const { privateKey, publicRaw } = await createDeviceKey();
      const refused = await crypto.subtle.exportKey("jwk", privateKey).catch(({ name }) => name);
      return [refused, privateKey.extractable, publicRaw.length];
    """
    assert run(page, body) == ["InvalidAccessError", False, 65]


def test_the_device_key_signs_as_jose_does(page: Page) -> None:
    body = """
      const { privateKey, publicJwk } = await createDeviceKey();
      const bytes = new Uint8Array([1, 2, 3]);
      const signature = await sign(privateKey, bytes);
      const algorithm = { name: "ECDSA", namedCurve: "P-256" };
      const key = await crypto.subtle.importKey("jwk", publicJwk, algorithm, true, ["verify"]);
      const how = { name: "ECDSA", hash: "SHA-256" };
      return [signature.length, await crypto.subtle.verify(how, key, signature, bytes)];
    """
    assert run(page, body) == [64, True]


@pytest.mark.parametrize("value", ["1.5", "null", "[1]", "true", "{a: undefined}", "2 ** 53"])
def test_what_is_no_string_or_integer_is_never_signed(page: Page, value: str) -> None:
    body = f"try {{ jcs({{ x: {value} }}); return null }} catch (error) {{ return error.name }}"
    assert run(page, body) == "TypeError"
