// Keys as Google hands them out, and whether a token was signed with one.

import { generateKeyPairSync, type KeyObject, verify } from "node:crypto";

export interface Key {
  /** A service account's key file. */
  file: string;
  publicKey: KeyObject;
}

export function generate(bits: number): Key {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: bits });
  const file = JSON.stringify({
    type: "service_account",
    project_id: "sparrow-bench",
    private_key_id: "0123456789abcdef0123456789abcdef01234567",
    private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
    client_email: "sparrow@sparrow-bench.iam.gserviceaccount.com",
  });
  return { file, publicKey };
}

/** Throws unless these are `count` different tokens that Node, too, finds signed with the key. */
export function check(tokens: string[], count: number, { publicKey }: Key): void {
  const different = new Set(tokens).size;
  if (different !== count) throw new Error(`${different} different tokens instead of ${count}`);
  for (const token of tokens) {
    const end = token.lastIndexOf(".");
    const signature = Buffer.from(token.slice(end + 1), "base64url");
    if (!verify("sha256", Buffer.from(token.slice(0, end)), publicKey, signature))
      throw new Error(`this is not signed with its key: ${token}`);
  }
}
