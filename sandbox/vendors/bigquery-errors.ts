// Errors as Google's APIs write them: reasons, and the status that each comes with.
// https://cloud.google.com/bigquery/docs/error-messages

import type { Behaviour } from "../behaviour.ts";
import { jsonReply, type Reply } from "./vendor.ts";

/** The HTTP status of each reason. */
const STATUSES = {
  badRequest: 400,
  invalid: 400,
  invalidQuery: 400,
  parseError: 400,
  authError: 401,
  required: 401,
  accessDenied: 403,
  billingNotEnabled: 403,
  insufficientPermissions: 403,
  quotaExceeded: 403,
  rateLimitExceeded: 403,
  notFound: 404,
  duplicate: 409,
  internalError: 500,
  notImplemented: 501,
  badGateway: 502,
  backendError: 503,
} as const;

export type Reason = keyof typeof STATUSES;

/** The word for the status, https://google.aip.dev/193. */
const WORDS: Record<number, string> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  409: "ALREADY_EXISTS",
  500: "INTERNAL",
  501: "UNIMPLEMENTED",
  502: "UNAVAILABLE",
  503: "UNAVAILABLE",
};

/** The reply to a call that came to nothing. */
export function failure(reason: Reason, message: string): Reply {
  return jsonReply(STATUSES[reason], body(reason, message));
}

/** What makes BigQuery fail in this way, to be set with `control`; so many times, or for good. */
export function failing(reason: Reason, times?: number): Behaviour {
  return {
    mode: "error",
    status: STATUSES[reason],
    body: body(reason, `The sandbox was told to answer ${reason}.`),
    ...(times === undefined ? {} : { times }),
  };
}

/** From before BigQuery, where requests that are far too long end; it is no JSON. */
export const TOO_LARGE: Reply = {
  status: 413,
  headers: { "content-type": "text/html; charset=UTF-8" },
  body: "<!DOCTYPE html>\n<html lang=en>\n<title>Error 413 (Request Entity Too Large)</title>\n",
};

function body(reason: Reason, message: string) {
  const code = STATUSES[reason];
  const place = code === 401 ? { location: "Authorization", locationType: "header" } : {};
  const errors = [{ message, domain: "global", reason, ...place }];
  return { error: { code, message, errors, status: WORDS[code] } };
}
