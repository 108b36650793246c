import assert from "node:assert/strict";
import { test } from "node:test";
import { assertNoComplaints, stage } from "./support/browser.ts";
import { scriptTag } from "./support/servers.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const s = stage();

test("an event is one POST without a preflight, and its body is exactly this", async () => {
  const url = s.site.page("/shop", scriptTag(s.collector, 'data-key="a key&more"'));
  await s.page.goto(`${url}?utm_source=mail#top`, { referer: "http://127.0.0.1:1/before" });
  const before = Date.now();
  await s.page.evaluate(() => {
    window.sparrow.track("purchase product", { entry: "billing", price: 20, "naïve ✓": [null] });
    window.sparrow.track("last");
  });
  await s.collector.event("last");
  const after = Date.now();

  assert.deepEqual(
    s.collector.received.map(({ method, path, event }) => [method, path, event.event]),
    [
      ["POST", "/e", "purchase product"],
      ["POST", "/e", "last"],
    ],
  );
  const sent = await s.collector.event("purchase product");
  const { deviceId, sessionId, eventId, timestamp } = sent.event;
  assert.equal(
    sent.body,
    `{"event":"purchase product","deviceId":"${deviceId}","sessionId":"${sessionId}",` +
      `"eventId":"${eventId}","timestamp":${timestamp},"context":{"url":"${url}?utm_source=mail#top",` +
      `"referrer":"http://127.0.0.1:1/before","title":"A page","locale":"en-GB","screen":"1920x1080"},` +
      `"properties":{"entry":"billing","price":20,"naïve ✓":[null]}}`,
  );
  assert.match(deviceId, UUID);
  assert.match(eventId, UUID);
  assert.notEqual(deviceId, eventId);
  assert.ok(before <= timestamp && timestamp <= after);
  assert.equal(sessionId, String(timestamp));

  assert.deepEqual([...sent.query.keys()].sort(), ["id", "k", "key", "sentAt"]);
  assert.equal(sent.query.get("id"), eventId);
  assert.match(sent.query.get("k") ?? "", /^[0-9a-z]{1,7}$/);
  assert.equal(sent.query.get("key"), "a key&more");
  const sentAt = Number(sent.query.get("sentAt"));
  assert.ok(timestamp <= sentAt && sentAt <= after);

  assert.equal(sent.headers["content-type"], "text/plain;charset=UTF-8");
  assert.equal(sent.headers.cookie, undefined);

  const last = await s.collector.event("last");
  assert.deepEqual(last.event.properties, {});
  assert.equal(last.query.get("k"), sent.query.get("k"));
  assert.notEqual(last.query.get("id"), sent.query.get("id"));
  assertNoComplaints(s);
});

test("a page view is counted when the page asks for it, and only then", async () => {
  const url = s.site.page("/some/page", scriptTag(s.collector));
  await s.page.goto(url, { waitUntil: "load" });
  await s.page.evaluate(() => {
    history.pushState({}, "", "/another/page");
    window.sparrow.pageview();
    window.sparrow.pageview("/given");
  });
  const views = await s.collector.events("pageview", 2);
  assert.deepEqual(
    views.map(({ event }) => event.properties),
    [{ pathname: "/another/page" }, { pathname: "/given" }],
  );
  assert.equal(s.collector.received.length, 2);
});

test("the endpoint is the script's own origin, or what the tag says", async () => {
  await s.page.goto(s.site.page("/own", scriptTag(s.collector)));
  await s.page.evaluate(() => window.sparrow.track("own"));
  assert.equal((await s.collector.event("own")).path, "/e");

  const attribute = `data-endpoint="${s.collector.url}/in?v=1"`;
  await s.page.goto(s.site.page("/said", scriptTag(s.collector, attribute)));
  await s.page.evaluate(() => window.sparrow.track("said"));
  const said = await s.collector.event("said");
  assert.equal(said.path, "/in");
  assert.equal(said.query.get("v"), "1");
  assert.equal(said.query.get("id"), said.event.eventId);
});

test("a body beyond the 64 KiB of keepalive requests arrives", async () => {
  await s.page.goto(s.site.page("/large", scriptTag(s.collector)));
  await s.page.evaluate(() => window.sparrow.track("large", { text: "x".repeat(100_000) }));
  const large = await s.collector.event("large");
  assert.equal(String(large.event.properties.text).length, 100_000);
});
