/*
 * A portal made of openid-client: one JSON object a line comes in, one goes out. Driven by test_openid_client.py, which is the browser.
 * First line: {issuer, client_id, redirect_uri, key (PEM, PKCS #8), kid, scope, par, jar, jarm, dpop, alg}; then {do: …}.
 */
import * as readline from "node:readline";
import * as oidc from "openid-client";

const say = (o) => process.stdout.write(JSON.stringify(o) + "\n");
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const next = async () => JSON.parse((await lines.next()).value ?? '{"do":"end"}');

const importKey = async (pem, alg) => {
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ""), "base64");
  const kinds = { ES256: { name: "ECDSA", namedCurve: "P-256" }, PS256: { name: "RSA-PSS", hash: "SHA-256" } };
  return crypto.subtle.importKey("pkcs8", der, kinds[alg], false, ["sign"]);
};

const conf = await next();
const privateKey = { key: await importKey(conf.key, conf.alg), kid: conf.kid };
const config = await oidc.discovery(new URL(conf.issuer), conf.client_id, {}, oidc.PrivateKeyJwt(privateKey), { execute: [oidc.allowInsecureRequests] });
if (conf.jarm) oidc.useJwtResponseMode(config);
const DPoP = conf.dpop ? oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair("ES256")) : undefined;
const verifier = oidc.randomPKCECodeVerifier(), state = oidc.randomState(), nonce = oidc.randomNonce();
let tokens;

const acts = {
  async authorize(more) {
    let parameters = { redirect_uri: conf.redirect_uri, scope: conf.scope, state, nonce, code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
                       code_challenge_method: "S256", ...more.parameters };
    if (conf.jar) parameters = (await oidc.buildAuthorizationUrlWithJAR(config, parameters, privateKey)).searchParams;
    const url = conf.par ? await oidc.buildAuthorizationUrlWithPAR(config, parameters, { DPoP }) : conf.jar ? new URL(`${config.serverMetadata().authorization_endpoint}?${parameters}`)
                                                                                    : oidc.buildAuthorizationUrl(config, parameters);
    return { url: url.href };
  },
  async callback({ url }) {
    tokens = await oidc.authorizationCodeGrant(config, new URL(url), { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true }, undefined, { DPoP });
    return { tokens, claims: tokens.claims() };
  },
  async userinfo() {
    return { userinfo: await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, { DPoP }) };
  },
  async refresh() {
    const fresh = await oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP });
    tokens = { ...tokens, access_token: fresh.access_token, refresh_token: fresh.refresh_token, claims: tokens.claims };
    return { tokens: fresh };
  },
  async resource({ url }) {
    const answer = await oidc.fetchProtectedResource(config, tokens.access_token, new URL(url), "GET", undefined, undefined, { DPoP });
    return { status: answer.status };
  },
  async logout({ url }) {
    return { url: oidc.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: url }).href };
  },
  async revoke() {
    await oidc.tokenRevocation(config, tokens.refresh_token);
    return {};
  },
};

for (let order = await next(); order.do !== "end"; order = await next()) {
  try {
    say(await acts[order.do](order));
  } catch (e) {
    say({ failed: e.error ?? e.cause?.error ?? e.code ?? e.message });
  }
}
