// Pages that are as unfriendly as pages get. In each of them the page goes on working, nothing reaches
// its console, and the events arrive with all that can be known.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bundle } from "../build.ts";
import { assertNoComplaints, stage } from "./support/browser.ts";
import { scriptTag } from "./support/servers.ts";

const s = stage();

interface Condition {
  /** Run by the page before the SDK's script. */
  prepare: string;
  /** Host name; a plain http page on it is no secure context. */
  host?: string;
}

const denied = "() => { throw new DOMException('denied', 'SecurityError') }";

const conditions: Record<string, Condition> = {
  "storage denied": {
    prepare: `Object.defineProperty(window, "localStorage", { get: ${denied} });`,
  },
  "storage that keeps nothing": {
    prepare: "Storage.prototype.setItem = () => {}; Storage.prototype.getItem = () => null;",
  },
  "storage full": {
    prepare:
      "Storage.prototype.setItem = () => { throw new DOMException('', 'QuotaExceededError') };",
  },
  "storage with a value that is no object": {
    prepare: "localStorage.setItem('sparrow', '7');",
  },
  "storage with a foreign value": {
    prepare: "localStorage.setItem('sparrow', 'not JSON');",
  },
  "cookies denied": {
    prepare: `Object.defineProperty(Document.prototype, "cookie", { get: ${denied}, set: ${denied} });`,
  },
  "cookies and storage denied": {
    prepare:
      `Object.defineProperty(Document.prototype, "cookie", { get: ${denied}, set: ${denied} });` +
      `Object.defineProperty(window, "localStorage", { get: ${denied} });`,
  },
  "a fetch that throws": { prepare: "window.fetch = () => { throw new TypeError('no') };" },
  "a fetch that rejects": {
    prepare: "window.fetch = () => Promise.reject(new TypeError('no'));",
  },
  "a fetch that gives no promise": { prepare: "window.fetch = () => undefined;" },
  "no fetch": { prepare: "delete window.fetch; window.fetch = undefined;" },
  "a beacon that throws": {
    prepare: "Navigator.prototype.sendBeacon = () => { throw new TypeError('no') };",
  },
  "no beacon, and keepalive refused": {
    prepare:
      "Navigator.prototype.sendBeacon = undefined; const ask = window.fetch;" +
      "window.fetch = (url, init) => init.keepalive ? Promise.reject(new TypeError('no')) : ask(url, init);",
  },
  "no randomUUID, as on plain http": {
    prepare: "if (crypto.randomUUID) throw new Error('a secure context after all');",
    host: "plain.test",
  },
  "listeners refused": {
    prepare: "window.addEventListener = () => { throw new TypeError('no') };",
  },
  "frozen built-ins": {
    prepare:
      "for (const one of [Object, Array, String, Function, Promise, URLSearchParams, JSON])" +
      "{ Object.freeze(one); if (one.prototype) Object.freeze(one.prototype); }",
  },
};

for (const [name, { prepare, host }] of Object.entries(conditions)) {
  test(name, async () => {
    const head = `<script>${prepare}</script>${scriptTag(s.collector)}`;
    await s.page.goto(s.site.page("/hostile", head, host));
    const answer = await s.page.evaluate(() => {
      window.sparrow.pageview();
      window.sparrow.identify("ada");
      window.sparrow.track("known", { plan: "team", toString: "own" });
      window.sparrow.reset();
      window.sparrow.track("fresh");
      return "the page goes on";
    });
    assert.equal(answer, "the page goes on");
    const view = (await s.collector.event("pageview")).event;
    const known = (await s.collector.event("known")).event;
    const fresh = (await s.collector.event("fresh")).event;
    assert.equal(known.deviceId, view.deviceId);
    assert.equal(known.userId, "ada");
    assert.deepEqual(known.properties, { plan: "team", toString: "own" });
    assert.notEqual(fresh.deviceId, view.deviceId);
    assert.equal(fresh.userId, undefined);
    assertNoComplaints(s);
  });
}

test("a browser that refuses the cookie is asked once, not at each event", async () => {
  const count =
    "window.asked = []; Object.defineProperty(Document.prototype, 'cookie'," +
    "{ get: () => '', set: (cookie) => { window.asked.push(cookie) } });";
  await s.page.goto(
    s.site.page("/asked", `<script>${count}</script>${scriptTag(s.collector)}`, "www.shop.test"),
  );
  const asked = await s.page.evaluate(() => {
    for (let i = 0; i < 10; i++) window.sparrow.track("event");
    return (window as unknown as { asked: string[] }).asked;
  });
  const domains = asked.map((cookie) => cookie.match(/;domain=(.*)/)?.[1]);
  assert.deepEqual(domains, ["test", "shop.test", "www.shop.test", undefined]);
});

test("a full storage does not keep the user that reset() forgot", async () => {
  // Without the cookie, which would tell of the new device.
  const noCookie =
    "Object.defineProperty(Document.prototype, 'cookie', { get: () => '', set() {} });";
  const url = s.site.page("/full", `<script>${noCookie}</script>${scriptTag(s.collector)}`);
  await s.page.goto(url);
  await s.page.evaluate(() => {
    window.sparrow.identify("ada");
    Storage.prototype.setItem = () => {
      throw new DOMException("", "QuotaExceededError");
    };
    window.sparrow.reset();
  });
  await s.page.reload();
  await s.page.evaluate(() => window.sparrow.track("next"));
  assert.equal((await s.collector.event("next")).event.userId, undefined);
});

test("with collector and beacon out of reach, the page hears nothing of it", async () => {
  s.collector.answer = (_, response) => response.destroy();
  const prepare =
    "Navigator.prototype.sendBeacon = () => false; const ask = window.fetch; window.failed = 0;" +
    "window.fetch = (...call) => ask(...call).finally(() => { window.failed++ });";
  await s.page.goto(
    s.site.page("/unreachable", `<script>${prepare}</script>${scriptTag(s.collector)}`),
  );
  await s.page.evaluate(() => window.sparrow.track("nowhere"));
  await s.page.waitForFunction(() => (window as unknown as { failed: number }).failed === 2);
  await s.page.evaluate(() => new Promise((resolve) => setTimeout(resolve))); // a turn for the rejection
  const errors = s.complaints.filter((text) => !text.startsWith("Failed to load resource"));
  assert.deepEqual(errors, []);
});

test("properties without JSON are left out one by one", async () => {
  await s.page.goto(s.site.page("/odd", scriptTag(s.collector)));
  await s.page.evaluate(() => {
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    const odd = {
      first: 1,
      circular,
      big: 1n,
      nested: { big: 1n },
      call: () => {},
      nothing: undefined,
      symbol: Symbol("s"),
      get throwing() {
        throw new Error("no");
      },
      notANumber: Number.NaN,
      date: new Date(0),
      last: { kept: [true, null] },
    };
    Object.defineProperty(odd, "__proto__", { value: "own", enumerable: true });
    window.sparrow.track("odd", odd);
    const proxy = new Proxy({}, { ownKeys: () => [].at(0) as never });
    for (const properties of [proxy, null, undefined, 7, true]) {
      window.sparrow.track("none", properties as Record<string, unknown>);
    }
  });
  const { body } = await s.collector.event("odd");
  assert.ok(
    body.endsWith(
      '"properties":{"first":1,"notANumber":null,"date":"1970-01-01T00:00:00.000Z",' +
        '"last":{"kept":[true,null]},"__proto__":"own"}}',
    ),
    body,
  );
  for (const { event } of await s.collector.events("none", 5)) {
    assert.deepEqual(event.properties, {});
  }
  assertNoComplaints(s);
});

test("arguments that throw, and no source of random numbers, cost their own event only", async () => {
  await s.page.goto(s.site.page("/arguments", scriptTag(s.collector)));
  await s.page.evaluate(() => {
    const thrower = {
      toString() {
        throw new Error("no");
      },
    } as unknown as string;
    window.sparrow.identify(thrower);
    window.sparrow.track(thrower);
    const { getRandomValues } = Crypto.prototype;
    Crypto.prototype.getRandomValues = thrower.toString as never;
    window.sparrow.track("without an id");
    window.sparrow.reset();
    Crypto.prototype.getRandomValues = getRandomValues;
    window.sparrow.track("after");
  });
  await s.collector.event("after");
  assert.equal(s.collector.received.length, 1);
  assertNoComplaints(s);
});

test("inlined into a page without an address, the script says nothing", async () => {
  await s.page.goto(s.site.page("/inlined", "<iframe></iframe>"));
  await s.page.evaluate(
    (script) => {
      const frame = document.querySelector("iframe") as HTMLIFrameElement;
      frame.srcdoc = `<script>${script}</scr${""}ipt><script>sparrow.pageview(); top.done = 1</scr${""}ipt>`;
    },
    await bundle("iife"),
  );
  await s.page.waitForFunction(() => "done" in window);
  assertNoComplaints(s);
});

test("a frame without an origin of its own sends what it can", async () => {
  const framed = s.site.page(
    "/framed",
    `${scriptTag(s.collector)}<script>sparrow.identify("ada"); sparrow.track("framed")</script>`,
  );
  await s.page.goto(
    s.site.page("/framing", `<iframe sandbox="allow-scripts" src="${framed}"></iframe>`),
  );
  const { event } = await s.collector.event("framed");
  assert.equal(event.userId, "ada");
  assertNoComplaints(s);
});
