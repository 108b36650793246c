// What Sparrow sends to BigQuery is what Google documents, by Google's own word: its discovery document of the API, and its
// library google-auth.

import assert from "node:assert/strict";
import { createPrivateKey, sign } from "node:crypto";
import { after, before, test } from "node:test";
import { type Sandbox, startSandbox } from "../sandbox/server.ts";
import { makeTables } from "./support/bigquery.ts";
import { type Call, judge } from "./support/google.ts";
import { type Batch, inserts, queries, send } from "./support/inserts.ts";
import { startSparrow } from "./support/sparrow.ts";

const PROJECT = "shop-4711";
const SCOPE = "https://www.googleapis.com/auth/bigquery";
let sandbox: Sandbox;
let key: Record<string, string>;

/** Google, among the sandbox's vendors. */
const GOOGLE = ["bigquery", "token"];

/** Calls of a first migration and of one that changes a retention; their bearer tokens are JWTs. */
let calls: Call[];

/** What the sandbox got from a migration. */
async function migrated(...options: string[]): Promise<Call[]> {
  sandbox.clear();
  await makeTables(sandbox, "--project", PROJECT, ...options);
  return sandbox.requests();
}

before(async () => {
  sandbox = await startSandbox();
  key = sandbox.serviceAccount();
  calls = await migrated();
  calls.push(...(await migrated("--raw-days", "400", "--delete-older")));
});

after(() => sandbox.close());

/** The methods of calls without a fault. */
async function methods(calls: Call[], account = key): Promise<(string | null)[]> {
  const verdicts = await judge(calls, account);
  for (const [i, { faults }] of verdicts.entries()) {
    assert.deepEqual(faults, [], `${calls[i]?.method} ${calls[i]?.path}`);
  }
  return verdicts.map(({ method }) => method);
}

/** The methods of a first migration, tables and views being as many as there are. */
const MADE = /datasets\.get datasets\.insert( tables\.insert){4,}( jobs\.query){6,}/;

/** Those of one that changes a retention. */
const CHANGED = /datasets\.get( tables\.get){4,} tables\.patch( jobs\.query){6,}/;

test("a migration makes requests of Google's API, with a token that google-auth would have made", async () => {
  const both = new RegExp(`^${MADE.source} ${CHANGED.source}$`);
  assert.match((await methods(calls)).join(" "), both);
});

test("a token is exchanged as google-auth exchanges it", async () => {
  const calls = await migrated("--auth", "oauth", "--raw-days", "0");
  assert.match((await methods(calls)).join(" "), new RegExp(`^token ${CHANGED.source}$`));
});

test("Dispatcher inserts rows as the API says, with either token", async () => {
  const sparrow = await startSparrow({ warehouse: "bigquery" });
  try {
    for (const auth of ["jwt", "oauth"]) {
      await sparrow.idle();
      await sparrow.restart({ dispatcher: { BIGQUERY_AUTH: auth } });
      sparrow.sandbox.clear();
      await sparrow.send({ event: "sign up", userId: "user-42", properties: { plan: "free" } });
      await sparrow.sandbox.until(
        "rows are in every table",
        () => ["raw", "deliveries", "ledger"].every((name) => sparrow.sandbox.rows(name).length),
        20_000,
      );
      const calls = sparrow.sandbox.requests().filter(({ vendor }) => GOOGLE.includes(vendor));
      const found = new Set(await methods(calls, sparrow.sandbox.serviceAccount()));
      const token = auth === "oauth" ? ["token"] : [];
      assert.deepEqual(found, new Set([...token, "tabledata.insertAll"]), auth);
    }
  } finally {
    await sparrow.close();
  }
});

test("rows of every table are inserted as the API says, and the sandbox takes them", async () => {
  sandbox.clear();
  const now = Date.now();
  const day = new Date(now).toISOString().slice(0, 10);
  const change = [{ field: "größe", rule: "drop" }];
  const delivery = ["p", 0, "p.0", "sign up", "ga4", "rejected", "invalid", 400, 2, change];
  const request = [3, 9, "live", "ga4", "POST", "https://vendor.example", "{}", null];
  const batches: Batch[] = [
    ["raw", [["p", now, '{"event": "größe \\ud83d"}', "{}"]]],
    ["deliveries", [[...delivery, "1-a", "0.1.0", "live", 3, 7, now, now]]],
    ["ledger", [[3, 8, "live", day, "sign up", "ga4", 5, 4, now]]],
    ["requests", [[...request, [["p", 0, 1]], now, now]]],
  ];
  const { authorization } = (calls[0] as Call).headers;
  await send(sandbox.url, inserts(PROJECT, "sparrow", batches), { authorization });
  assert.deepEqual(await methods(sandbox.requests()), Array(4).fill("tabledata.insertAll"));
  for (const [table] of batches) assert.equal(sandbox.rows(table).length, 1, table);
});

test("a query may have everything that the API has for one", async () => {
  const asked = queries(PROJECT, "sparrow").map(({ method, path, body }) => {
    const { pathname, searchParams } = new URL(path, sandbox.url);
    const { headers } = calls.find(({ method }) => method === "POST") as Call;
    const query = Object.fromEntries(searchParams);
    return { method, path: pathname, query, headers, body: body ?? "" };
  });
  assert.deepEqual(await methods(asked), ["jobs.query", "jobs.getQueryResults"]);
});

/** A JWT of the account with other claims. */
function jwt(claims: object): string {
  const iat = Math.floor(Date.now() / 1000) - 10;
  const email = key.client_email;
  const usual = { iss: email, sub: email, scope: SCOPE, iat, exp: iat + 3600 };
  const head = { alg: "RS256", typ: "JWT", kid: key.private_key_id };
  const input = [head, { ...usual, ...claims }]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  const signature = sign("sha256", Buffer.from(input), createPrivateKey(key.private_key ?? ""));
  return `${input}.${signature.toString("base64url")}`;
}

type Change = (call: Call) => Partial<Call>;

const withBody =
  (change: (body: Record<string, unknown>) => object): Change =>
  ({ body }) => ({ body: JSON.stringify(change(JSON.parse(body))) });

const withToken =
  (claims: object): Change =>
  ({ headers }) => ({ headers: { ...headers, authorization: `Bearer ${jwt(claims)}` } });

const forged: Change = ({ headers }) => ({
  headers: { ...headers, authorization: `${headers.authorization?.slice(0, -8)}AAAAAAAA` },
});

const withForm =
  (name: string, value: () => string): Change =>
  ({ body }) => {
    const form = new URLSearchParams(body);
    form.set(name, value());
    return { body: form.toString() };
  };

const assertion = (claims: object) => () => jwt({ sub: undefined, aud: key.token_uri, ...claims });
const [FEW, FORM] = [{ schema: { fields: [{ nam: "a" }] } }, { "content-type": "text/plain" }];
const NUMBER = { timePartitioning: { type: "DAY", expirationMs: 86_400_000 } };

/**
 * Calls of a migration by the end of their path, of the method POST where none is said; changed, and what is to be said
 * against each.
 */
const WRONG: [which: string, change: Change, fault: RegExp][] = [
  ["/datasets", () => ({ path: "/bigquery/v2/x" }), /^the API has no such method/],
  ["/queries", () => ({ method: "PUT" }), /^the API has no such method/],
  ["/datasets", () => ({ query: { page: "1" } }), /^\?page is unknown$/],
  ["/queries", withBody((body) => ({ ...body, sql: 1 })), /^body.sql is unknown$/],
  [
    "/tables",
    withBody((body) => ({ ...body, ...FEW })),
    /^body.schema.fields\[0\].nam is unknown$/,
  ],
  [
    "PATCH /tables/raw",
    withBody(() => NUMBER),
    /^body.timePartitioning.expirationMs is no string$/,
  ],
  [
    "/queries",
    withBody((body) => ({ ...body, maxResults: "9" })),
    /^body.maxResults is no integer$/,
  ],
  ["/queries", withBody((body) => ({ ...body, useLegacySql: 0 })), /^body.useLegacySql is no bool/],
  ["/datasets", withBody((body) => ({ ...body, location: null })), /^body.location is no string$/],
  ["/tables", withBody((body) => ({ ...body, id: "a" })), /^body.id is for Google to say$/],
  ["/datasets", () => ({ body: "" }), /^there is no body$/],
  ["GET /datasets/sparrow", () => ({ body: "{}" }), /^there is a body$/m],
  ["/datasets", ({ headers }) => ({ headers: { ...headers, ...FORM } }), /^the content type/],
  ["GET /datasets/sparrow", () => ({ headers: {} }), /^there is no bearer token$/],
  ["/datasets", forged, /^google-auth refuses it/],
  ["/datasets", withToken({ exp: 1 }), /^google-auth refuses it/],
  ["/datasets", withToken({ exp: Date.now() }), /^google-auth's claims are/],
  ["/datasets", withToken({ aud: "https://bigquery.googleapis.com/" }), /^google-auth's claims/],
  ["/datasets", withToken({ sub: "a" }), /^google-auth's claims are/],
  ["/datasets", withToken({ scope: `${SCOPE}.insertdata` }), /^it needs one of/],
  ["/token", withForm("grant_type", () => "password"), /^google-auth sends {/],
  ["/token", ({ headers }) => ({ headers: { ...headers, ...FORM } }), /^google-auth sends appl/],
  ["/token", withForm("assertion", assertion({ aud: "a" })), /^google-auth refuses it/],
  ["/token", withForm("assertion", assertion({ sub: "a" })), /^google-auth's claims are/],
  ["/token", withForm("assertion", assertion({})), /^$/],
];

test("no fault of ours escapes Google's libraries", async () => {
  const all = [...calls, ...(await migrated("--auth", "oauth"))];
  const changed = WRONG.map(([which, change]) => {
    const [end = "", method = "POST"] = which.split(" ").reverse();
    const call = all.find((call) => call.method === method && call.path.endsWith(end)) as Call;
    return { ...call, ...change(call) };
  });
  const verdicts = await judge(changed, key);
  for (const [i, [which, , fault]] of WRONG.entries()) {
    assert.match(verdicts[i]?.faults.join("\n") ?? "", fault, `${which} ${i}`);
  }
});

test("an access token is good for nothing where none was exchanged", async () => {
  const [, ...others] = await migrated("--auth", "oauth");
  const [first] = await judge(others, key);
  assert.match(first?.faults.join() ?? "", /none was exchanged/);
});
