// Google's authorization server: exchanges a service account's signed assertion for an access token.
// https://developers.google.com/identity/protocols/oauth2/service-account#httprest
// https://www.rfc-editor.org/rfc/rfc6749#section-5.2, https://www.rfc-editor.org/rfc/rfc7523#section-3.1

import { type Account, TOKEN_URI } from "./bigquery-account.ts";
import { type Judgement, jsonReply, unknownCall, type Vendor, type VendorCall } from "./vendor.ts";

const GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const FORM = "application/x-www-form-urlencoded";

export function googleToken(account: Account): Vendor {
  return {
    name: "token",
    title: "Google's token endpoint",
    judge(call) {
      if (call.method !== "POST" || call.path !== "") return unknownCall(call, "");
      return exchange(account, call);
    },
  };
}

function exchange(account: Account, { headers, body, receivedAt }: VendorCall): Judgement {
  const type = headers["content-type"]?.split(";")[0];
  if (type !== FORM) return refused("invalid_request", `The body is not ${FORM}.`);
  const form = new URLSearchParams(body);
  const grantType = form.get("grant_type");
  if (grantType !== GRANT_TYPE) {
    return refused("unsupported_grant_type", `Invalid grant_type: ${grantType}`);
  }
  const assertion = form.get("assertion");
  if (!assertion) return refused("invalid_request", "Missing required parameter: assertion");
  const audiences = [TOKEN_URI, `http://${headers.host}/token`];
  const refusal = account.refusal(assertion, audiences, receivedAt);
  if (refusal) return refused(refusal.error, `Invalid JWT: ${refusal.fault}`);
  return {
    reply: jsonReply(200, {}),
    events: [],
    remarks: [],
    carryOut: () => {
      const { token, seconds } = account.grant(assertion, receivedAt);
      const granted = { access_token: token, expires_in: seconds, token_type: "Bearer" };
      return { reply: jsonReply(200, granted), accepted: [] };
    },
  };
}

function refused(error: string, description: string): Judgement {
  const reply = jsonReply(400, { error, error_description: description });
  return { reply, events: [], remarks: [description] };
}
