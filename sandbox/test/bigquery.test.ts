// The sandbox's BigQuery follows Google's documents where the pipeline relies on them.

import assert from "node:assert/strict";
import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { after, before, beforeEach, test } from "node:test";
import { type Behaviour, failing, type Sandbox, startSandbox } from "../server.ts";
import { Account } from "../vendors/bigquery-account.ts";
import { FAULT_PLACES, readInsert } from "../vendors/bigquery-insert.ts";
import { ROWS_PAGE, Table } from "../vendors/bigquery-tables.ts";
import { isOpenPartition, TYPES, timeOf } from "../vendors/bigquery-values.ts";

const SCOPE = "https://www.googleapis.com/auth/bigquery";
const INSERT_SCOPE = "https://www.googleapis.com/auth/bigquery.insertdata";
const GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const DATASETS = "/bigquery/v2/projects/shop-4711/datasets";
const INSERT = `${DATASETS}/sparrow/tables/visits/insertAll`;

const VISITS = {
  tableReference: { projectId: "shop-4711", datasetId: "sparrow", tableId: "visits" },
  schema: {
    fields: [
      { name: "id", type: "STRING", mode: "REQUIRED" },
      { name: "at", type: "TIMESTAMP", mode: "NULLABLE" },
      { name: "pageCount", type: "INT64" },
    ],
  },
  timePartitioning: { type: "DAY", field: "at", expirationMs: null },
  clustering: { fields: ["id"] },
};

let sandbox: Sandbox;
let account: Record<string, string>;
before(async () => {
  sandbox = await startSandbox();
  account = sandbox.serviceAccount();
  const dataset = { datasetReference: { projectId: "shop-4711", datasetId: "sparrow" } };
  assert.equal((await call("POST", DATASETS, dataset)).status, 200);
  assert.equal((await call("POST", `${DATASETS}/sparrow/tables`, VISITS)).status, 200);
});
beforeEach(() => {
  sandbox.clear();
  for (const vendor of ["bigquery", "token"]) sandbox.control(vendor, { mode: "ok" });
  for (const place of Object.values(FAULT_PLACES)) sandbox.faults(place, { mode: "none" });
});
after(() => sandbox.close());

/** A JWT of the account, with some of its claims, its header or its key changed. */
function jwt(claims: object = {}, header: object = {}, key?: KeyObject): string {
  const iat = Math.floor(Date.now() / 1000) - 10;
  const email = account.client_email;
  const usual = { iss: email, sub: email, scope: SCOPE, iat, exp: iat + 3600 };
  const head = { alg: "RS256", typ: "JWT", kid: account.private_key_id };
  const input = [
    { ...head, ...header },
    { ...usual, ...claims },
  ].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"));
  const signature = sign("sha256", Buffer.from(input.join(".")), key ?? keyOf(account));
  return [...input, signature.toString("base64url")].join(".");
}

function keyOf(file: Record<string, string>): KeyObject {
  return createPrivateKey(file.private_key ?? "");
}

interface Answer {
  status: number;
  body: Record<string, unknown> & { insertErrors?: { index: number; errors: object[] }[] };
  reason: string | undefined;
}

async function call(method: string, path: string, body: unknown, token = jwt()): Promise<Answer> {
  const response = await fetch(sandbox.url + path, {
    method,
    body: typeof body === "string" ? body : JSON.stringify(body),
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
  });
  const text = await response.text();
  const json = text.startsWith("{") ? JSON.parse(text) : {};
  return { status: response.status, body: json, reason: json.error?.errors?.[0]?.reason };
}

/** Rows with these ids, which are their `insertId` as well. */
function rowsOf(...ids: string[]) {
  return ids.map((id) => ({ insertId: id, json: { id } }));
}

function insert(...ids: string[]): Promise<Answer> {
  return call("POST", INSERT, { rows: rowsOf(...ids) });
}

function ids(): unknown[] {
  return sandbox.rows("visits").map(({ id }) => id);
}

/** Index and reason of each row that was not stored. */
function unstored({ body }: Answer): unknown {
  const reasons = body.insertErrors?.map(({ index, errors: [error] }) => {
    return [index, (error as { reason: string }).reason] as const;
  });
  return reasons?.sort(([a], [b]) => a - b);
}

test("rows are stored, and can be read by table", async () => {
  const { status, body } = await insert("a", "b");
  assert.equal(status, 200);
  assert.deepEqual(body, { kind: "bigquery#tableDataInsertAllResponse" });
  assert.deepEqual(sandbox.rows("visits"), [{ id: "a" }, { id: "b" }]);
  assert.deepEqual(sandbox.rows("other"), []);
  const read = async (query: string) => (await fetch(`${sandbox.url}/api/rows?${query}`)).json();
  const all = { rows: [{ id: "a" }, { id: "b" }], next: null, forgotten: 0 };
  assert.deepEqual(await read("table=visits"), all);
  assert.deepEqual(await read("table=visits&after=1"), { ...all, rows: [{ id: "b" }] });
  assert.equal((await fetch(`${sandbox.url}/api/rows?after=x`)).status, 400);
  assert.deepEqual(
    sandbox.received("bigquery").map(({ key, count }) => [key, count]),
    [
      ["visits a", 1],
      ["visits b", 1],
    ],
  );
  const clear = [
    () => sandbox.clear(),
    () => fetch(`${sandbox.url}/api/requests`, { method: "DELETE" }),
  ];
  for (const forget of clear) {
    await forget();
    assert.deepEqual(ids(), []);
    await insert("a");
    assert.deepEqual(ids(), ["a"], "the table is still there, and knows no row");
  }
});

test("more rows than fit a page come in pages", async () => {
  const more = Array.from({ length: ROWS_PAGE + 1 }, (_, i) => ({ json: { id: `${i}` } }));
  await call("POST", INSERT, { rows: more });
  const read = async (after: number) => {
    const response = await fetch(`${sandbox.url}/api/rows?table=visits&after=${after}`);
    return (await response.json()) as { rows: unknown[]; next: number | null };
  };
  const first = await read(0);
  assert.deepEqual([first.rows.length, first.next], [ROWS_PAGE, ROWS_PAGE]);
  const last = { rows: [{ id: `${ROWS_PAGE}` }], next: null, forgotten: 0 };
  assert.deepEqual(await read(ROWS_PAGE), last);
});

test("a table keeps a million rows, and counts those after them", () => {
  const table = new Table("p:d.t", [], undefined);
  for (let i = 0; i < 1_000_001; i++) table.store({});
  assert.deepEqual([table.rows.length, table.forgotten], [1_000_000, 1]);
});

test("a success that is made up stores nothing", async () => {
  sandbox.control("bigquery", { mode: "error", status: 200, body: {}, times: 1 });
  assert.equal((await insert("a")).status, 200);
  assert.deepEqual(ids(), []);
  assert.deepEqual(sandbox.received("bigquery"), []);
});

test("a row that is sent again within a minute is stored once", async () => {
  await insert("a");
  assert.equal(unstored(await insert("a", "b")), undefined);
  assert.deepEqual(ids(), ["a", "b"]);
  const unknown = { rows: [{ json: { id: "c" } }, { json: { id: "c" } }] };
  await call("POST", INSERT, unknown);
  assert.deepEqual(ids(), ["a", "b", "c", "c"], "without an insertId every row is new");
});

test("a table knows a row again for a minute, and no longer", () => {
  const table = new Table("p:d.t", [], undefined);
  assert.deepEqual(
    [0, 59_999, 60_000].map((now) => table.knows("a", now)),
    [false, true, false],
  );
});

test("a table can be made to store a row twice, which Google does not rule out", async () => {
  sandbox.faults("bigquery-insert-id", { mode: "error", times: 1 });
  await insert("a");
  await insert("a");
  assert.deepEqual(ids(), ["a"], "asked once, when there was nothing to forget");
  sandbox.faults("bigquery-insert-id", { mode: "error" });
  await insert("a");
  assert.deepEqual(ids(), ["a", "a"]);
});

const MIXED = [
  ...rowsOf("a"),
  { insertId: "x", json: { id: "x", pageCount: "many" } },
  ...rowsOf("b"),
];

test("an invalid row stops all others, which can be sent again without it", async () => {
  const answer = await call("POST", INSERT, { rows: MIXED });
  assert.equal(answer.status, 200);
  assert.deepEqual(unstored(answer), [
    [0, "stopped"],
    [1, "invalid"],
    [2, "stopped"],
  ]);
  assert.deepEqual(ids(), []);
  assert.equal(unstored(await insert("a", "b")), undefined);
  assert.deepEqual(ids(), ["a", "b"], "a row that was stopped is not known");
});

test("with skipInvalidRows the others are stored", async () => {
  const answer = await call("POST", INSERT, { rows: MIXED, skipInvalidRows: true });
  assert.deepEqual(unstored(answer), [[1, "invalid"]]);
  const [error] = answer.body.insertErrors?.[0]?.errors ?? [];
  assert.deepEqual(error, {
    reason: "invalid",
    location: "pageCount",
    debugInfo: "",
    message: "Cannot convert value to INT64 (bad value): many",
  });
  assert.deepEqual(ids(), ["a", "b"]);
});

test("a row in the middle can be made to fail, for good or for once", async () => {
  sandbox.faults("bigquery-row-invalid", { mode: "error", times: 1 });
  assert.deepEqual(unstored(await insert("a", "b", "c")), [
    [0, "stopped"],
    [1, "invalid"],
    [2, "stopped"],
  ]);
  sandbox.faults("bigquery-row-failed", { mode: "error", times: 1 });
  assert.deepEqual(unstored(await insert("a", "b", "c")), [[1, "internalError"]]);
  assert.deepEqual(ids(), ["a", "c"]);
  assert.equal(unstored(await insert("b")), undefined);
  assert.deepEqual(ids(), ["a", "c", "b"]);
});

const DAY = 86_400;
const invalid: [why: string, json: object, location: string][] = [
  ["a column that is not there", { id: "a", nope: 1 }, "nope"],
  ["no value for a required column", { pageCount: 1 }, ""],
  ["NULL for a required column", { id: null }, ""],
  ["a number for no integer", { id: "a", pageCount: 1.5 }, "pageCount"],
  ["an integer beyond 64 bits", { id: "a", pageCount: "9223372036854775808" }, "pageCount"],
  ["true for a text", { id: true }, "id"],
  ["an object for a text", { id: {} }, "id"],
  ["an array", { id: ["a"] }, "id"],
  ["a time in ms", { id: "a", at: Date.now() }, "at"],
  ["a day that is not in the calendar", { id: "a", at: "2026-02-29T00:00:00Z" }, "at"],
  ["a partition of long ago", { id: "a", at: Date.now() / 1000 - 3651 * DAY }, "at"],
  ["a partition to come", { id: "a", at: Date.now() / 1000 + 367 * DAY }, "at"],
];
for (const [why, json, location] of invalid) {
  test(`a row is invalid for ${why}`, async () => {
    const answer = await call("POST", INSERT, { rows: [{ json }] });
    assert.deepEqual(unstored(answer), [[0, "invalid"]]);
    const [error] = answer.body.insertErrors?.[0]?.errors ?? [];
    assert.equal((error as { location: string }).location, location);
  });
}

test("what a row may leave out or write otherwise", async () => {
  const rows = [
    { id: "a", at: null },
    { ID: "a", PAGECOUNT: "-9223372036854775808" },
    { id: "a", at: Date.now() / 1000, pageCount: 7 },
    { id: "a", at: new Date().toISOString() },
  ].map((json) => ({ json }));
  assert.equal(unstored(await call("POST", INSERT, { rows })), undefined);
  const unknown = { rows: [{ json: { id: "a", nope: 1 } }], ignoreUnknownValues: true };
  assert.equal(unstored(await call("POST", INSERT, unknown)), undefined);
});

test("times are read as GoogleSQL writes them", () => {
  const ms = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
  const same = [
    "2026-01-02T03:04:05.678Z",
    "2026-01-02 03:04:05.678000 UTC",
    "2026-1-2 4:04:05.678+01:00",
  ];
  for (const text of same) assert.equal(timeOf("TIMESTAMP", text), ms, text);
  assert.equal(timeOf("TIMESTAMP", ms / 1000), ms);
  assert.equal(timeOf("DATE", "2026-01-02"), Date.UTC(2026, 0, 2));
  const none = [
    "",
    "soon",
    "2026-01-02T24:00:00Z",
    "2026-01-02T03:60:00Z",
    "0000-01-01",
    "20260102",
  ];
  for (const text of none) assert.equal(timeOf("TIMESTAMP", text), undefined, text);
  assert.equal(timeOf("DATE", "2026-01-02T00:00:00Z"), undefined);
  assert.equal(timeOf("DATE", 20260102), undefined);
  assert.ok(isOpenPartition(0, 3650 * DAY * 1000) && !isOpenPartition(0, 3650 * DAY * 1000 + 1));
  assert.ok(isOpenPartition(366 * DAY * 1000, 0) && !isOpenPartition(366 * DAY * 1000 + 1, 0));
});

test("numbers and truth may be text", () => {
  for (const value of [1.5, "1.5", "-1e9", "NaN", "inf"])
    assert.ok(TYPES.FLOAT64?.(value), `${value}`);
  for (const value of ["", "one", true]) assert.ok(!TYPES.FLOAT64?.(value), `${value}`);
  for (const value of [true, "false"]) assert.ok(TYPES.BOOL?.(value), `${value}`);
  for (const value of [1, "1"]) assert.ok(!TYPES.BOOL?.(value), `${value}`);
});

const requests: [why: string, body: unknown, status: number, reason: string][] = [
  ["no JSON", "rows", 400, "parseError"],
  ["no rows", { rows: [] }, 400, "invalid"],
  ["an unknown member", { rows: rowsOf("a"), skipinvalidrows: true }, 400, "invalid"],
  ["a boolean that is none", { rows: rowsOf("a"), skipInvalidRows: "true" }, 400, "invalid"],
  ["a long trace id", { rows: rowsOf("a"), traceId: "x".repeat(37) }, 400, "invalid"],
  ["a row without json", { rows: [{ id: "a" }] }, 400, "invalid"],
  ["a row with more than it has", { rows: [{ json: { id: "a" }, id: "a" }] }, 400, "invalid"],
  ["a long insertId", { rows: rowsOf("x".repeat(129)) }, 400, "invalid"],
  ["too many rows", { rows: Array(50_001).fill({ json: {} }) }, 400, "invalid"],
  ["a template", { rows: rowsOf("a"), templateSuffix: "_1" }, 501, "notImplemented"],
  ["10 MB and a byte", "x".repeat(10_485_761), 400, "badRequest"],
];
for (const [why, body, status, reason] of requests) {
  test(`a request is refused for ${why}`, async () => {
    const answer = await call("POST", INSERT, body);
    assert.deepEqual([answer.status, answer.reason], [status, reason]);
    assert.deepEqual(ids(), []);
  });
}

test("a request at the limits is taken", () => {
  const most = JSON.stringify({ rows: Array(50_000).fill({ json: {} }) });
  assert.ok("insert" in readInsert(most, JSON.parse(most)));
  const longest = JSON.stringify({
    rows: rowsOf("x".repeat(128)),
    traceId: "x".repeat(36),
    kind: "",
  }).padEnd(10_485_760);
  assert.ok("insert" in readInsert(longest, JSON.parse(longest)));
});

test("a row that is too long is refused by itself, a request that is far too long without a reason", async () => {
  const long = {
    rows: [{ json: { id: "x".repeat(10_000_001) } }, ...rowsOf("a")],
    skipInvalidRows: true,
  };
  assert.deepEqual(unstored(await call("POST", INSERT, long)), [[0, "invalid"]]);
  const tooLong = await call("POST", INSERT, "x".repeat(20_971_521));
  assert.deepEqual([tooLong.status, tooLong.body], [413, {}]);
});

test("what is not there is not found", async () => {
  const paths = [INSERT.replace("visits", "other"), INSERT.replace("sparrow", "other")];
  for (const path of paths) {
    const answer = await call("POST", path, { rows: rowsOf("a") });
    assert.deepEqual([answer.status, answer.reason], [404, "notFound"], path);
    const { message } = answer.body.error as { message: string };
    assert.match(message, path.includes("visits") ? /Dataset/ : /Table/);
  }
  for (const [method, path] of [
    ["GET", INSERT],
    ["POST", `${DATASETS}/sparrow/tables/visits/insertall`],
    ["PATCH", `${DATASETS}/sparrow/tables/other`],
  ] as const) {
    assert.equal((await fetchStatus(method, path)).status, 404, path);
  }
  const table = { ...VISITS, tableReference: { tableId: "more" } };
  const lost = await call("POST", `${DATASETS}/other/tables`, table);
  assert.equal(lost.reason, "notFound");
});

async function fetchStatus(method: "GET" | "POST" | "PATCH", path: string): Promise<Response> {
  const headers = { authorization: `Bearer ${jwt()}`, "content-type": "application/json" };
  return fetch(
    sandbox.url + path,
    method === "GET" ? { headers } : { method, headers, body: "{}" },
  );
}

test("BigQuery takes JSON alone, and says so", async () => {
  const headers = { authorization: `Bearer ${jwt()}` };
  const body = JSON.stringify({ rows: rowsOf("a") });
  const response = await fetch(sandbox.url + INSERT, { method: "POST", headers, body });
  assert.equal(response.status, 400);
});

test("a dataset is set up as a migration does it, and again", async () => {
  const dataset = { datasetReference: { projectId: "shop-4711", datasetId: "sparrow" } };
  assert.equal((await call("POST", DATASETS, dataset)).reason, "duplicate");
  assert.equal((await call("POST", `${DATASETS}/sparrow/tables`, VISITS)).reason, "duplicate");
  const days = { timePartitioning: { type: "DAY", field: "at", expirationMs: "86400000" } };
  const visits = `${DATASETS}/sparrow/tables/visits`;
  const table = async () => (await call("GET", visits, undefined)).body;
  const made = { kind: "bigquery#table", id: "shop-4711:sparrow.visits", ...VISITS };
  const forEver = { ...made, timePartitioning: { type: "DAY", field: "at" } };
  assert.deepEqual(await table(), forEver);
  const patched = await call("PATCH", visits, days);
  assert.deepEqual([patched.status, patched.body], [200, { ...made, ...days }]);
  assert.deepEqual(await table(), patched.body);
  await call("PATCH", visits, { timePartitioning: VISITS.timePartitioning });
  assert.deepEqual(await table(), forEver, "null takes a retention away");
  const none = await call("GET", `${DATASETS}/sparrow/tables/more`, undefined);
  assert.equal(none.reason, "notFound");
  assert.equal((await call("POST", DATASETS, {})).reason, "invalid");
  const { status, body } = await call("GET", `${DATASETS}/sparrow`, undefined);
  assert.deepEqual([status, body.location], [200, "US"]);
  assert.equal((await call("GET", `${DATASETS}/more`, undefined)).reason, "notFound");
  const others = { ...days, schema: VISITS.schema };
  const unknown = await call("PATCH", visits, others);
  assert.equal(unknown.reason, "notImplemented");
  const queries = "/bigquery/v2/projects/shop-4711/queries";
  const view = "CREATE OR REPLACE VIEW `shop-4711.sparrow.v` AS\nSELECT 1 AS one";
  const viewed = await call("POST", queries, { query: view, useLegacySql: false });
  assert.deepEqual([viewed.status, viewed.body.jobComplete], [200, true]);
  assert.equal((await call("POST", queries, { query: view })).reason, "invalidQuery");
  const asked = { query: "SELECT 1", useLegacySql: false };
  assert.equal((await call("POST", queries, asked)).reason, "invalidQuery");
});

const tables: [why: string, change: object][] = [
  ["no columns", { schema: { fields: [] } }],
  ["a name with a hyphen", { schema: { fields: [{ name: "a-b", type: "STRING" }] } }],
  ["a type that is none", { schema: { fields: [{ name: "a", type: "TEXT" }] } }],
  [
    "a mode that is none",
    { schema: { fields: [{ name: "a", type: "STRING", mode: "OPTIONAL" }] } },
  ],
  ["partitions by a text", { timePartitioning: { type: "DAY", field: "id" } }],
  ["five columns of clustering", { clustering: { fields: ["id", "id", "id", "id", "id"] } }],
  ["clustering by what is no column", { clustering: { fields: ["nope"] } }],
  ["no name", { tableReference: {} }],
];
for (const [why, change] of tables) {
  test(`a table is refused for ${why}`, async () => {
    const table = { schema: VISITS.schema, tableReference: { tableId: "more" }, ...change };
    const answer = await call("POST", `${DATASETS}/sparrow/tables`, table);
    assert.deepEqual([answer.status, answer.reason], [400, "invalid"]);
  });
}

const HOUR = 3600;
/** Claims by the time in seconds; undefined leaves one out. */
const bearers: [why: string, claims: (now: number) => object, header?: object][] = [
  ["another account", () => ({ iss: "eve@sandbox-project.iam.gserviceaccount.com" })],
  ["no subject", () => ({ sub: undefined })],
  ["neither audience nor scope", () => ({ scope: undefined })],
  ["both audience and scope", () => ({ aud: "https://bigquery.googleapis.com/" })],
  [
    "an audience without its slash",
    () => ({ scope: undefined, aud: "https://bigquery.googleapis.com" }),
  ],
  ["a clock that is ahead", (now) => ({ iat: now + 60, exp: now + 60 + HOUR })],
  ["having expired", (now) => ({ iat: now - HOUR - 1, exp: now - 1 })],
  ["being valid for too long", (now) => ({ exp: now + HOUR + 1 })],
  ["being valid for less than an hour", (now) => ({ exp: now + HOUR - 60 })],
  ["times that are text", (now) => ({ iat: `${now}`, exp: `${now + HOUR}` })],
  ["another algorithm", () => ({}), { alg: "HS256" }],
  ["no type", () => ({}), { typ: undefined }],
  ["another key's id", () => ({}), { kid: "0" }],
  ["no key's id", () => ({}), { kid: undefined }],
];
for (const [why, claims, header] of bearers) {
  test(`a JWT is no bearer token for ${why}`, async () => {
    const token = jwt(claims(Math.floor(Date.now() / 1000)), header);
    const answer = await call("POST", INSERT, { rows: rowsOf("a") }, token);
    assert.deepEqual([answer.status, answer.reason], [401, "authError"]);
    assert.deepEqual(ids(), []);
    assert.equal(sandbox.requests("bigquery").at(-1)?.remarks.length, 1, "the board says why");
  });
}

test("a JWT is no bearer token with another key's signature, with padding, or in pieces", async () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const good = jwt();
  const [head, claims] = good.split(".");
  for (const token of [
    jwt({}, {}, privateKey),
    `${good}==`,
    `${head}.${claims}`,
    `${head}..`,
    "x.y.z",
  ]) {
    assert.equal((await call("POST", INSERT, { rows: rowsOf("a") }, token)).reason, "authError");
  }
  const none = await fetch(sandbox.url + INSERT, { method: "POST", body: "{}" });
  const { error } = (await none.json()) as { error: { errors: { reason: string }[] } };
  assert.deepEqual([none.status, error.errors[0]?.reason], [401, "required"]);
});

test("a scope or Google's audience says what a bearer token is for", async () => {
  const inserts = jwt({ scope: INSERT_SCOPE });
  assert.equal((await call("POST", INSERT, { rows: rowsOf("a") }, inserts)).status, 200);
  const creates = await call(
    "POST",
    DATASETS,
    { datasetReference: { datasetId: "more" } },
    inserts,
  );
  assert.deepEqual([creates.status, creates.reason], [403, "insufficientPermissions"]);
  const other = jwt({ scope: "https://www.googleapis.com/auth/drive" });
  const refused = await call("POST", INSERT, { rows: rowsOf("b") }, other);
  assert.equal(refused.reason, "insufficientPermissions");
  const audience = jwt({ scope: undefined, aud: "https://bigquery.googleapis.com/" });
  assert.equal((await call("POST", INSERT, { rows: rowsOf("b") }, audience)).status, 200);
  assert.deepEqual(ids(), ["a", "b"]);
});

/** Asks for an access token as Google's libraries do. */
async function exchange(assertion: string, grantType = GRANT_TYPE) {
  const body = new URLSearchParams({ grant_type: grantType, assertion });
  const response = await fetch(account.token_uri ?? "", { method: "POST", body });
  return { status: response.status, json: (await response.json()) as Record<string, string> };
}

test("an assertion is exchanged for an access token that works until it expires", async () => {
  for (const aud of [account.token_uri, "https://oauth2.googleapis.com/token"]) {
    const assertion = jwt({ sub: undefined, aud, scope: INSERT_SCOPE }, { kid: undefined });
    const { status, json } = await exchange(assertion);
    assert.equal(status, 200);
    const { access_token: token = "", ...rest } = json;
    assert.deepEqual(rest, { expires_in: 3599, token_type: "Bearer" });
    assert.equal((await call("POST", INSERT, { rows: rowsOf("a") }, token)).status, 200);
    const creates = await call("POST", DATASETS, {}, token);
    assert.equal(creates.reason, "insufficientPermissions");
    const bearer = await call("POST", INSERT, { rows: rowsOf("a") }, assertion);
    assert.equal(bearer.reason, "authError", "the assertion itself is none");
  }
});

test("an access token works until it expires", () => {
  const server = new Account();
  const { token, seconds } = server.grant(jwt(), 0);
  assert.deepEqual(
    [0, seconds * 1000 - 1, seconds * 1000].map((now) => "rights" in server.bearer(token, now)),
    [true, true, false],
  );
});

const assertions: [error: string, why: string, claims: (now: number) => object][] = [
  ["invalid_grant", "another address", () => ({ aud: "https://bigquery.googleapis.com/" })],
  ["invalid_grant", "another account", () => ({ iss: "eve@example.com" })],
  ["invalid_grant", "somebody else", () => ({ sub: "ada@example.com" })],
  ["invalid_grant", "a clock that is ahead", (now) => ({ iat: now + 60, exp: now + 60 + HOUR })],
  ["invalid_grant", "a clock that is behind", (now) => ({ iat: now - HOUR - 1, exp: now - 1 })],
  ["invalid_grant", "more than an hour", (now) => ({ exp: now + HOUR + 1 })],
  ["invalid_scope", "no scope", () => ({ scope: undefined })],
];
for (const [error, why, claims] of assertions) {
  test(`an assertion earns no token for ${why}`, async () => {
    const aud = account.token_uri;
    const { status, json } = await exchange(jwt({ aud, ...claims(Math.floor(Date.now() / 1000)) }));
    assert.deepEqual([status, json.error], [400, error]);
  });
}

test("a token is asked for with a form of the right grant type, and a signed assertion", async () => {
  const aud = account.token_uri;
  assert.equal((await exchange(jwt({ aud }), "password")).json.error, "unsupported_grant_type");
  assert.equal((await exchange("")).json.error, "invalid_request");
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  assert.equal((await exchange(jwt({ aud }, {}, privateKey))).json.error, "invalid_grant");
  const body = JSON.stringify({ grant_type: GRANT_TYPE, assertion: jwt({ aud }) });
  const asJson = await fetch(account.token_uri ?? "", { method: "POST", body });
  assert.deepEqual(
    [asJson.status, ((await asJson.json()) as { error: string }).error],
    [400, "invalid_request"],
  );
  assert.equal((await fetch(account.token_uri ?? "")).status, 405);
});

const failures: [reason: Parameters<typeof failing>[0], status: number][] = [
  ["rateLimitExceeded", 403],
  ["quotaExceeded", 403],
  ["accessDenied", 403],
  ["backendError", 503],
  ["internalError", 500],
  ["badGateway", 502],
  ["notFound", 404],
  ["authError", 401],
];
for (const [reason, status] of failures) {
  test(`it can be made to answer ${reason}, and stores nothing then`, async () => {
    sandbox.control("bigquery", failing(reason, 1));
    const answer = await insert("a");
    assert.deepEqual([answer.status, answer.reason], [status, reason]);
    assert.equal((answer.body.error as { code: number }).code, status);
    assert.deepEqual(ids(), []);
    assert.equal((await insert("a")).status, 200);
    assert.deepEqual(ids(), ["a"]);
  });
}

test("a fault is not used up by a request that does not get so far", async () => {
  sandbox.faults("bigquery-row-invalid", { mode: "error", times: 1 });
  sandbox.control("bigquery", failing("backendError", 1));
  await insert("a");
  assert.deepEqual(unstored(await insert("a")), [[0, "invalid"]]);
});

test("the connection can be cut before the rows are stored, and after", async () => {
  const cuts: [Behaviour, unknown[]][] = [
    [{ mode: "cut", times: 1 }, []],
    [{ mode: "cut", stored: true, times: 1 }, ["a"]],
  ];
  for (const [cut, stored] of cuts) {
    sandbox.control("bigquery", cut);
    await assert.rejects(insert("a"));
    assert.deepEqual(ids(), stored);
  }
  await insert("a", "b");
  assert.deepEqual(ids(), ["a", "b"], "the row is known again");
});

test("the token endpoint fails by itself", async () => {
  sandbox.control("token", { mode: "error", status: 503, times: 1 });
  const assertion = jwt({ aud: account.token_uri });
  const failed = await fetch(account.token_uri ?? "", {
    method: "POST",
    body: new URLSearchParams({ grant_type: GRANT_TYPE, assertion }),
  });
  assert.equal(failed.status, 503);
  assert.equal((await insert("a")).status, 200);
  assert.equal((await exchange(assertion)).status, 200);
});

test("the key file can be asked for", async () => {
  const response = await fetch(`${sandbox.url}/api/service-account`);
  assert.deepEqual(await response.json(), account);
  assert.equal(account.token_uri, `${sandbox.url}/token`);
});
