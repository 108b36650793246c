// What an event holds, and what no event may hold.

import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../../e2e/support/wait.ts";
import { type Failing, failing } from "./failing.ts";

/** The events, once there are so many. */
const events = (worker: Failing, count = 1) =>
  eventually(`${count} events came`, () => worker.sentry.reports.length >= count && told(worker));

const told = ({ sentry }: Failing) => sentry.reports.map(({ event }) => event);

test("an event says which release failed, where, and at which request", async () => {
  await using worker = await failing();
  await worker.get("/fail?message=oh", { "x-allowed": "told", cookie: "sid=1; theme=dark" });
  const [event] = await events(worker);
  assert.match(event?.event_id ?? "", /^[0-9a-f]{32}$/);
  assert.ok(Math.abs(Date.now() / 1000 - (event?.timestamp ?? 0)) < 60);
  assert.equal(event?.message, "oh");
  assert.equal(event?.platform, "native");
  assert.equal(event?.release, "failing@1.2.3");
  assert.equal(event?.environment, "test");
  assert.equal(event?.server_name, "failing");
  assert.deepEqual(event?.request, {
    method: "GET",
    url: `${worker.url.origin}/fail`,
    headers: { "x-allowed": "told" },
    cookies: "sid=[Filtered]; theme=[Filtered]",
  });
  assert.equal(event?.sdk?.name, "sentry.rust.workers");
  const [report] = worker.sentry.reports;
  assert.equal(report?.path, "/api/42/envelope/?sentry_key=public&sentry_version=7");
  assert.equal(report?.headers.authorization, undefined);
});

test("an error is told with its sources, what caused all first, and with the stack of who caught it", async () => {
  await using worker = await failing();
  await worker.get("/chain?number=x");
  const [event] = await events(worker);
  const values = event?.exception?.values ?? [];
  assert.deepEqual(
    values.map(({ type, value }) => [type, value]),
    [
      ["ParseIntError", "invalid digit found in string"],
      ["Parse", "not read"],
      ["NotServed", "not served"],
    ],
  );
  assert.deepEqual(
    values.map(({ stacktrace }) => stacktrace !== undefined),
    [false, false, true],
  );
  const frames = values[2]?.stacktrace?.frames ?? [];
  // The caller last, and above it nobody who only told of it.
  assert.match(frames.at(-1)?.function ?? "", /failing::.*route/);
  assert.equal(frames.at(-1)?.in_app, true);
  assert.doesNotMatch(JSON.stringify(frames), /capture|__wbg_new|\[[0-9a-f]{12,}\]/);
});

test("what an event brings along for its request is kept", async () => {
  await using worker = await failing();
  await worker.get("/data");
  const [event] = await events(worker);
  assert.equal(event?.request?.data, "what was sent");
  assert.equal(event?.request?.method, "GET");
});

test("work without a request is told by its name, and the request around it as before", async () => {
  await using worker = await failing();
  await worker.get("/task");
  const [within, after] = await events(worker, 2);
  assert.equal(within?.transaction, "alarm");
  assert.equal(within?.request, undefined);
  assert.equal(after?.transaction, undefined);
  assert.equal(after?.request?.url, `${worker.url.origin}/task`);
});

test("fifty requests at once never mix what they say", async () => {
  await using worker = await failing();
  const ids = Array.from({ length: 50 }, (_, i) => `request-${i}`);
  await Promise.all(
    ids.map((id, i) =>
      worker.get(`/mix/${id}?wait=${(i * 7) % 20}`, { "x-allowed": id, cookie: `${id}=1` }),
    ),
  );
  // More than may be under way at once: the rest is told when somebody comes.
  await eventually("all are told", async () => {
    await worker.get("/");
    return worker.sentry.reports.length >= ids.length;
  });
  const events = told(worker);
  assert.deepEqual(new Set(events.map(({ message }) => message)), new Set(ids));
  const traces = new Set(events.map(({ contexts }) => contexts?.trace?.trace_id));
  assert.equal(traces.size, ids.length);
  for (const { message: id, ...event } of events) {
    assert.deepEqual(event.tags, { id });
    assert.deepEqual(event.user, { id });
    assert.deepEqual(event.extra, { id, count: 1 });
    assert.deepEqual(
      Object.values(event.breadcrumbs ?? {})
        .flat()
        .map(({ category, message }) => [category, message]),
      [
        ["begins", id],
        ["goes on", id],
        ["ends", id],
      ],
    );
    assert.equal(event.request?.url, `${worker.url.origin}/mix/${id}`);
    assert.equal(event.request?.headers?.["x-allowed"], id);
    assert.equal(event.request?.cookies, `${id}=[Filtered]`);
  }
});

test("no envelope holds a query, a cookie's value, a header that is not allowed or a panic's values", async () => {
  await using worker = await failing();
  const secrets = {
    cookie: "sid=planted-cookie; planted-nameless",
    authorization: "Bearer planted-authorization",
    "x-other": "planted-header",
    referer: "https://example.com/?planted-referer",
  };
  const paths = ["/fail", "/panic", "/panic-with-value", "/later", "/panic-later", "/mix/x"];
  for (const path of paths) {
    await worker.get(`${path}?value=planted-value&other=planted-query#planted-fragment`, secrets);
  }
  await events(worker, paths.length);
  assert.doesNotMatch(worker.sentry.bytes(), /planted/);
});

test("beforeSend changes an event or drops it", async () => {
  await using worker = await failing({ BEFORE_SEND: "yes" });
  await worker.get("/fail?message=unwanted");
  await worker.get("/fail?message=wanted");
  const [event] = await events(worker);
  assert.equal(event?.message, "wanted");
  assert.deepEqual(event?.tags, { seen: "yes" });
  assert.equal((await worker.get("/counts")).text, "1 1");
});
