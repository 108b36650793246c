/**
 * A random UUID: version 4, of which 120 bits are random and not 122, because the variant digit is
 * always `a`. `crypto.randomUUID` is missing on plain http pages, `getRandomValues` is not.
 */
export function uuid(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    (byte + 256).toString(16).slice(1),
  )
    .join("")
    .replace(/(.{8})(.{4}).(.{3}).(.{3})/, "$1-$2-4$3-a$4-");
}

/** The 32-bit FNV-1a hash (RFC 9923) of `text`, in base 36: up to seven letters and digits. */
export function shortHash(text: string): string {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  return (hash >>> 0).toString(36);
}
