import type { Judgement, Vendor, VendorCall } from "../vendors/vendor.ts";

/** The time at which the calls of these tests come in, in ms. */
export const NOW = Date.UTC(2026, 0, 1);

/** What `vendor` makes of a POST; a body that is no string goes as JSON. */
export function judge(
  vendor: Vendor,
  path: string,
  body: unknown,
  more: Partial<VendorCall> = {},
): Judgement {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return vendor.judge({
    method: "POST",
    path,
    query: new URLSearchParams(),
    headers: {},
    body: text,
    json,
    receivedAt: NOW,
    ...more,
  });
}
