// @ts-check
// Signing in at the deployment's issuer (OpenID Connect): authorisation code with PKCE, state and nonce.
import { BASE, get, Problem, signIn } from "./api.js";
import { end, issued } from "./session.js";

const PENDING = "warmup.sign-in";
const LONGEST_MINUTES = 10;
const CALLBACK = new URL("signed-in", BASE).href;
const AFTER = BASE.href.replace(/\/$/, "");

/** @typedef {NonNullable<Schemas["SignIn"]["oidc"]>} Client */
/** @typedef {{ state: string, nonce: string, verifier: string, back: string, at: number }} Pending */

/** How users sign in here: null where keys alone do. */
export const client = async () => (await get("issuer")).oidc;

/** Whether this page was opened by the issuer. */
export const isReturning = () => location.origin + location.pathname === CALLBACK;

/** @param {Uint8Array} bytes */
const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

/**
 * Goes to the issuer; it comes back to `isReturning`.
 * @param {Client} client
 */
export async function leave(client) {
  const [state, nonce, verifier] = [random(), random(), random()];
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const back = isReturning() ? AFTER : location.href;
  sessionStorage.setItem(PENDING, JSON.stringify({ state, nonce, verifier, back, at: Date.now() }));
  location.assign(
    withQuery(client.authorization_endpoint, {
      response_type: "code",
      client_id: client.client_id,
      redirect_uri: CALLBACK,
      scope: client.scope,
      state,
      nonce,
      code_challenge: base64url(new Uint8Array(digest)),
      code_challenge_method: "S256",
    }),
  );
}

/**
 * @param {string} url
 * @param {Record<string, string>} query
 */
function withQuery(url, query) {
  const made = new URL(url);
  for (const [name, value] of Object.entries(query)) made.searchParams.set(name, value);
  return made.href;
}

const refused = (/** @type {string} */ detail) => new Problem({ title: "You could not be signed in", detail });
const NOT_OURS = "This sign-in was not begun in this tab, or was begun too long ago. Sign in again.";

/**
 * Takes the code that the issuer sent back, once, and signs in with the token that it is exchanged for. The address of
 * the page that one comes back to replaces that of this one first: a code is not left in the history.
 */
export async function arrive() {
  const told = new URLSearchParams(location.search);
  const stored = sessionStorage.getItem(PENDING);
  sessionStorage.removeItem(PENDING);
  /** @type {Pending | null} */
  const pending = JSON.parse(stored ?? "null");
  history.replaceState(null, "", pending?.back ?? AFTER);
  const late = pending === null || Date.now() - pending.at > LONGEST_MINUTES * 60_000;
  if (pending === null || late || told.get("state") !== pending.state) throw refused(NOT_OURS);
  const code = told.get("code");
  if (code === null) throw refused(told.get("error_description") ?? told.get("error") ?? "The issuer sent no code.");
  const ours = await client();
  if (ours === null || (told.get("iss") ?? ours.issuer) !== ours.issuer) throw refused("Another issuer answered.");
  const given = await exchanged(ours, code, pending.verifier);
  const claims = checked(given.id_token, ours, pending.nonce);
  await signIn(given[ours.token], {
    name: claims.name ?? claims.preferred_username ?? claims.email ?? claims.sub,
    until: expiry(given, ours, claims),
    idToken: given.id_token,
    clientId: ours.client_id,
    endsAt: ours.end_session_endpoint,
  });
}

/**
 * @param {Client} client
 * @param {string} code
 * @param {string} verifier
 * @returns {Promise<Record<string, string>>}
 */
async function exchanged(client, code, verifier) {
  const body = new URLSearchParams({
    grant_type: "authorization_code",
    code,
    redirect_uri: CALLBACK,
    client_id: client.client_id,
    code_verifier: verifier,
  });
  const response = await fetch(client.token_endpoint, {
    method: "POST",
    body,
    credentials: "omit",
    cache: "no-store",
    redirect: "error",
  }).catch(() => {
    throw refused("The issuer cannot be reached, or does not accept this page's address (CORS).");
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw refused(`The issuer refused the code: ${answer.error ?? response.status}.`);
  if (!answer.id_token || !answer[client.token]) throw refused(`The issuer sent no ${client.token}.`);
  return answer;
}

/**
 * Until when the token is good that the service is sent (ms).
 * @param {Record<string, any>} given
 * @param {Client} client
 * @param {any} claims
 */
const expiry = (given, client, claims) =>
  client.token === "id_token" ? claims.exp * 1000 : Date.now() + (Number(given.expires_in) || 3600) * 1000;

/**
 * The claims of an ID token that is for us and for this sign-in. It came from the issuer itself, over TLS, so that its
 * signature need not be checked here (OpenID Connect Core, 3.1.3.7); the service checks that of what it is sent.
 * @param {string} token
 * @param {Client} client
 * @param {string} nonce
 */
function checked(token, client, nonce) {
  const claims = claimsOf(token);
  const audience = [claims.aud].flat();
  const ours = claims.iss === client.issuer && audience.includes(client.client_id);
  if (!ours || (audience.length > 1 && claims.azp !== client.client_id)) throw refused("The token is not for us.");
  if (claims.nonce !== nonce) throw refused("The token was issued for another sign-in.");
  if (claims.exp * 1000 < Date.now() - 60_000) throw refused("The token has expired.");
  return claims;
}

/**
 * @param {string} token
 * @returns {any}
 */
function claimsOf(token) {
  try {
    const part = atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(part, (one) => one.charCodeAt(0))));
  } catch {
    throw refused("The issuer's token cannot be read.");
  }
}

/** Signs out here, and at the issuer if it can. */
export function signOut() {
  const at = issued();
  end();
  if (at?.endsAt) {
    location.assign(
      withQuery(at.endsAt, {
        id_token_hint: at.idToken,
        client_id: at.clientId,
        post_logout_redirect_uri: AFTER,
      }),
    );
  }
}
