/**
 * A portal made of npm's openid-client alone. One JSON command a line on standard input, one JSON
 * answer a line on standard output: the test is the person, this is the portal.
 */

import { createInterface } from "node:readline";
import * as oidc from "openid-client";

const state = {};

const authentication = {
  secret: ({ secret }) => oidc.ClientSecretBasic(secret),
  async key({ jwk }) {
    const algorithm = { name: "ECDSA", namedCurve: "P-256" };
    const key = await crypto.subtle.importKey("jwk", jwk, algorithm, false, ["sign"]);
    return oidc.PrivateKeyJwt({ key, kid: jwk.kid });
  },
};

const options = () => (state.dpop ? { DPoP: state.dpop } : {});

function kept(tokens) {
  state.tokens = tokens;
  state.subject = tokens.claims()?.sub ?? state.subject;
  // A refresh brings none: the one of the login goes on serving as a hint.
  state.idToken = tokens.id_token ?? state.idToken;
  return { ...tokens, claims: tokens.claims() ?? null };
}

const commands = {
  async discover({ issuer, client_id, redirect_uri, logged_out_uri, metadata = {}, ...proof }) {
    const authenticate = await authentication[proof.jwk ? "key" : "secret"](proof);
    state.config = await oidc.discovery(new URL(issuer), client_id, metadata, authenticate, {
      execute: [oidc.allowInsecureRequests],
    });
    Object.assign(state, { redirect_uri, logged_out_uri });
    if (proof.dpop) {
      state.dpop = oidc.getDPoPHandle(state.config, await oidc.randomDPoPKeyPair("ES256"));
    }
    return state.config.serverMetadata();
  },

  async authorize({ parameters = {}, pushed = false }) {
    state.verifier = oidc.randomPKCECodeVerifier();
    state.nonce = oidc.randomNonce();
    state.state = oidc.randomState();
    const request = {
      redirect_uri: state.redirect_uri,
      scope: "openid scope_all",
      state: state.state,
      nonce: state.nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(state.verifier),
      code_challenge_method: "S256",
      ...parameters,
    };
    const url = pushed
      ? await oidc.buildAuthorizationUrlWithPAR(state.config, request, options())
      : oidc.buildAuthorizationUrl(state.config, request);
    return { url: url.href };
  },

  async callback({ url }) {
    const checks = {
      pkceCodeVerifier: state.verifier,
      expectedNonce: state.nonce,
      expectedState: state.state,
      idTokenExpected: true,
    };
    const answer = new URL(url);
    return kept(
      await oidc.authorizationCodeGrant(state.config, answer, checks, undefined, options()),
    );
  },

  async userinfo() {
    const { access_token: token } = state.tokens;
    return oidc.fetchUserInfo(state.config, token, state.subject, options());
  },

  async refresh() {
    const { refresh_token: token } = state.tokens;
    return kept(await oidc.refreshTokenGrant(state.config, token, undefined, options()));
  },

  async introspect() {
    return oidc.tokenIntrospection(state.config, state.tokens.access_token);
  },

  async revoke() {
    await oidc.tokenRevocation(state.config, state.tokens.refresh_token);
    return {};
  },

  async logout() {
    state.state = oidc.randomState();
    const url = oidc.buildEndSessionUrl(state.config, {
      id_token_hint: state.idToken,
      post_logout_redirect_uri: state.logged_out_uri,
      state: state.state,
    });
    return { url: url.href, state: state.state };
  },

  async ciba({ parameters }) {
    state.asked = await oidc.initiateBackchannelAuthentication(state.config, {
      scope: "openid scope_all",
      ...parameters,
    });
    return state.asked;
  },

  async poll() {
    return kept(
      await oidc.pollBackchannelAuthenticationGrant(
        state.config,
        state.asked,
        undefined,
        options(),
      ),
    );
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...values } = JSON.parse(line);
  let answer;
  try {
    answer = await commands[command](values);
  } catch (error) {
    answer = { failed: error.code ?? error.name, error: error.error, message: error.message };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
