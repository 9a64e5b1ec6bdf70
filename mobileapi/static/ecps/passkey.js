/**
 * WebAuthn: JSON (WebAuthn 3 §5.1.9, §5.4.7) to what the browser wants, and back.
 *
 * Written out, since parseCreationOptionsFromJSON and toJSON are missing in browsers in use.
 */

import { fromBase64Url, toBase64Url } from "./encoding.js";

/** Whether this device can ask for a finger, a face or its own code. */
export async function isAvailable() {
  if (!globalThis.PublicKeyCredential || !navigator.credentials) return false;
  if (!("getPublicKey" in (globalThis.AuthenticatorAttestationResponse?.prototype ?? {}))) {
    return false;
  }
  return PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable();
}

const withBinaryId = (descriptor) => ({ ...descriptor, id: fromBase64Url(descriptor.id) });

function creationOptions(json) {
  return {
    ...json,
    challenge: fromBase64Url(json.challenge),
    user: withBinaryId(json.user),
    excludeCredentials: (json.excludeCredentials ?? []).map(withBinaryId),
  };
}

function requestOptions(json) {
  return {
    ...json,
    challenge: fromBase64Url(json.challenge),
    allowCredentials: (json.allowCredentials ?? []).map(withBinaryId),
  };
}

function credentialJson(credential, response) {
  return {
    id: credential.id,
    rawId: toBase64Url(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: {},
    response: { clientDataJSON: toBase64Url(credential.response.clientDataJSON), ...response },
  };
}

/** → { id, publicKey, json }: id and publicKey (SPKI DER) as bytes, json for the server. */
export async function createPasskey(options) {
  const credential = await navigator.credentials.create({ publicKey: creationOptions(options) });
  const { response } = credential;
  const publicKey = response.getPublicKey();
  if (!publicKey) throw new DOMException("unknown public key", "NotSupportedError");
  return {
    id: new Uint8Array(credential.rawId),
    publicKey: new Uint8Array(publicKey),
    json: credentialJson(credential, {
      attestationObject: toBase64Url(response.attestationObject),
      transports: response.getTransports?.() ?? [],
    }),
  };
}

/** → { signature, json }: the signature as bytes, json for the server. */
export async function usePasskey(options) {
  const credential = await navigator.credentials.get({ publicKey: requestOptions(options) });
  const { response } = credential;
  return {
    signature: new Uint8Array(response.signature),
    json: credentialJson(credential, {
      authenticatorData: toBase64Url(response.authenticatorData),
      signature: toBase64Url(response.signature),
      userHandle: response.userHandle ? toBase64Url(response.userHandle) : undefined,
    }),
  };
}

/** Tells the phone's own list of passkeys that this one is no longer of use. */
export async function forgetPasskey(rpId, credentialId) {
  await globalThis.PublicKeyCredential?.signalUnknownCredential?.({ rpId, credentialId });
}
