// A Google service account: its key file, the JWTs that it signs, and the access tokens that they are exchanged for.
// https://google.aip.dev/auth/4111 (JWTs as bearer tokens), https://google.aip.dev/auth/4112 (exchange),
// https://cloud.google.com/bigquery/docs/json-web-tokens,
// https://developers.google.com/identity/protocols/oauth2/service-account#httprest

import { generateKeyPairSync, type KeyObject, randomBytes, verify } from "node:crypto";
import { isObject, type JsonObject } from "./vendor.ts";

const EMAIL = "sparrow@sandbox-project.iam.gserviceaccount.com";
const KEY_ID = "5a2d0b0c5a2d0b0c5a2d0b0c5a2d0b0c5a2d0b0c";

/** Whom a JWT that is a bearer token is for, where it names no scope. */
const AUDIENCE = "https://bigquery.googleapis.com/";

/** Google's own address, which its libraries put into assertions wherever they send them. */
export const TOKEN_URI = "https://oauth2.googleapis.com/token";

/** The longest that a JWT may be valid, in seconds. */
const LIFETIME = 3600;

/** How long an access token is valid, in seconds. */
const GRANTED = 3599;

const SCOPE = "https://www.googleapis.com/auth/";
const INSERT_SCOPE = `${SCOPE}bigquery.insertdata`;
const FULL_SCOPES = [`${SCOPE}bigquery`, `${SCOPE}cloud-platform`];

/** What the holder of a token may do: nothing, insert rows, or everything. */
export type Rights = "none" | "insert" | "all";

/** A fault says what Google keeps to itself. */
export type Bearer = { rights: Rights } | { fault: string };

export interface Refusal {
  error: "invalid_grant" | "invalid_scope";
  fault: string;
}

export class Account {
  /** Made when it is first needed, since that takes some hundred milliseconds. */
  #pair: { publicKey: KeyObject; privateKey: KeyObject } | undefined;
  /** Access tokens that were granted. `until` is in ms. */
  readonly #granted = new Map<string, { rights: Rights; until: number }>();

  /** The file that Google's console would make. */
  keyFile(tokenUri: string): Record<string, string> {
    return {
      type: "service_account",
      project_id: "sandbox-project",
      private_key_id: KEY_ID,
      private_key: this.#keys().privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      client_email: EMAIL,
      client_id: "100000000000000000001",
      auth_uri: "https://accounts.google.com/o/oauth2/auth",
      token_uri: tokenUri,
      auth_provider_x509_cert_url: "https://www.googleapis.com/oauth2/v1/certs",
      client_x509_cert_url: `https://www.googleapis.com/robot/v1/metadata/x509/${encodeURIComponent(EMAIL)}`,
      universe_domain: "googleapis.com",
    };
  }

  /** What a bearer token is good for at `now`, in ms. */
  bearer(token: string, now: number): Bearer {
    const granted = this.#granted.get(token);
    if (granted) {
      return now < granted.until ? granted : { fault: "The access token has expired." };
    }
    const read = this.#claims(token, now, true);
    if ("fault" in read) return read;
    const { sub, aud, scope, iat, exp } = read.claims;
    if (sub !== EMAIL) return { fault: "sub is not the account's address." };
    if (Number(exp) - Number(iat) !== LIFETIME) return { fault: "exp is not iat + 3600." };
    if ((aud === undefined) === (scope === undefined)) {
      return { fault: "There is not exactly one of aud and scope." };
    }
    if (aud === AUDIENCE) return { rights: "all" };
    return aud === undefined
      ? { rights: rightsOf(scope) }
      : { fault: `aud is not ${AUDIENCE}, with its slash.` };
  }

  /** Why an assertion earns no token; `audiences` are the addresses of the server that is asked. */
  refusal(assertion: string, audiences: string[], now: number): Refusal | undefined {
    // Google's one word for a wrong signature, an unknown account and a wrong clock.
    const invalid = (fault: string) => ({ error: "invalid_grant", fault }) as const;
    const read = this.#claims(assertion, now, false);
    if ("fault" in read) return invalid(read.fault);
    const { aud, scope, sub } = read.claims;
    if (!audiences.some((one) => one === aud)) return invalid("aud is no address of this server.");
    if (sub !== undefined && sub !== EMAIL) return invalid("sub asks to act for somebody else.");
    if (typeof scope === "string" && scope !== "") return undefined;
    return { error: "invalid_scope", fault: "There is no scope." };
  }

  /** The token for an assertion without a fault. */
  grant(assertion: string, now: number): { token: string; seconds: number } {
    const scope = decode(assertion.split(".")[1] ?? "")?.scope;
    const token = `ya29.${randomBytes(48).toString("base64url")}`;
    this.#granted.set(token, { rights: rightsOf(scope), until: now + GRANTED * 1000 });
    return { token, seconds: GRANTED };
  }

  /** The claims of a JWT that the account signed and that is valid at `now`. */
  #claims(
    token: string,
    now: number,
    needsKeyId: boolean,
  ): { claims: JsonObject } | { fault: string } {
    const fault = (text: string) => ({ fault: text });
    // Base64url as JWTs have it, without padding: RFC 7515, section 2.
    if (!/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token))
      return fault("It is no JWT and no token granted here.");
    const [head = "", payload = "", signature = ""] = token.split(".");
    const header = decode(head);
    const claims = decode(payload);
    if (!header || !claims) return fault("Its header or its claims are no JSON object.");
    if (header.alg !== "RS256" || header.typ !== "JWT")
      return fault("alg is not RS256, or typ not JWT.");
    if (header.kid !== KEY_ID && (needsKeyId || header.kid !== undefined)) {
      return fault("kid is not the key's id.");
    }
    if (claims.iss !== EMAIL) return fault("iss is not the account's address.");
    const signed = Buffer.from(`${head}.${payload}`);
    const bytes = Buffer.from(signature, "base64url");
    if (!verify("sha256", signed, this.#keys().publicKey, bytes)) {
      return fault("The signature is not that of the account's key.");
    }
    const { iat, exp } = claims;
    if (!Number.isInteger(iat) || !Number.isInteger(exp)) return fault("iat or exp is no integer.");
    if (Number(iat) > now / 1000) return fault("iat is in the future.");
    if (Number(exp) <= now / 1000) return fault("It has expired.");
    if (Number(exp) - Number(iat) > LIFETIME) return fault("It is valid for more than an hour.");
    return { claims };
  }

  #keys() {
    this.#pair ??= generateKeyPairSync("rsa", { modulusLength: 2048 });
    return this.#pair;
  }
}

function rightsOf(scope: unknown): Rights {
  const scopes = String(scope).split(" ");
  if (FULL_SCOPES.some((one) => scopes.includes(one))) return "all";
  return scopes.includes(INSERT_SCOPE) ? "insert" : "none";
}

function decode(segment: string): JsonObject | undefined {
  try {
    const json: unknown = JSON.parse(Buffer.from(segment, "base64url").toString("utf8"));
    return isObject(json) ? json : undefined;
  } catch {
    return undefined;
  }
}
