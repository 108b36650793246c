import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import type { Page } from "playwright-core";
import { bundle } from "../build.ts";
import { assertNoComplaints, stage } from "./support/browser.ts";
import { type SentEvent, scriptTag } from "./support/servers.ts";

const s = stage();
let url = "";

beforeEach(() => {
  url = s.site.page("/who", scriptTag(s.collector));
});

/** Sends an event named `name` from `page` and gives it as it arrived. */
async function send(name: string, page: Page = s.page): Promise<SentEvent> {
  await page.evaluate((event) => window.sparrow.track(event), name);
  return (await s.collector.event(name)).event;
}

test("device, user and session outlive the page, until reset", async () => {
  await s.page.goto(url);
  const anonymous = await send("anonymous");
  assert.ok(!("userId" in anonymous));
  await s.page.evaluate(() => window.sparrow.identify("ada"));
  const known = await send("known");
  await s.page.reload();
  const reloaded = await send("reloaded");
  for (const event of [known, reloaded]) {
    assert.equal(event.userId, "ada");
    assert.equal(event.deviceId, anonymous.deviceId);
    assert.equal(event.sessionId, anonymous.sessionId);
  }

  await s.page.evaluate(() => window.sparrow.reset());
  const fresh = await send("fresh");
  assert.ok(!("userId" in fresh));
  assert.notEqual(fresh.deviceId, anonymous.deviceId);
  await s.page.reload();
  const later = await send("later");
  assert.ok(!("userId" in later));
  assert.equal(later.deviceId, fresh.deviceId);
  assertNoComplaints(s);
});

test("nothing but one storage key and one cookie is kept", async () => {
  await s.page.goto(url);
  const { deviceId } = await send("kept");
  assert.deepEqual(await s.page.evaluate(() => Object.keys(localStorage)), ["sparrow"]);
  const cookies = await s.context.cookies();
  assert.equal(cookies.length, 1);
  const [cookie] = cookies;
  assert.equal(cookie?.name, "sparrow");
  assert.equal(cookie?.value, deviceId);
  assert.equal(cookie?.secure, false);
  assert.equal(cookie?.sameSite, "Lax");
  assert.equal(cookie?.path, "/");
  const days = ((cookie?.expires ?? 0) - Date.now() / 1000) / 86_400;
  assert.ok(days > 399 && days <= 400, `${days} days`);
});

test("on https the cookie is secure", async () => {
  await s.context.route("https://shop.test/**", (route) =>
    route.fulfill({ contentType: "text/html", body: `<title>https</title>` }),
  );
  await s.page.goto("https://shop.test/");
  await s.page.addScriptTag({ content: await bundle("iife") });
  await s.page.evaluate(() => window.sparrow.reset());
  const [cookie] = await s.context.cookies();
  assert.equal(cookie?.name, "sparrow");
  assert.equal(cookie?.secure, true);
});

test("tabs share what one of them learns", async () => {
  await s.page.goto(url);
  const first = await send("first");
  const other = await s.context.newPage();
  await other.goto(url);
  await other.evaluate(() => window.sparrow.identify("ada"));
  const second = await send("second");
  assert.equal(second.deviceId, first.deviceId);
  assert.equal(second.userId, "ada");
  await other.evaluate(() => window.sparrow.reset());
  const third = await send("third");
  assert.notEqual(third.deviceId, first.deviceId);
  assert.equal(third.userId, undefined);
});

test("subdomains share the device, and a reset on one holds on the other", async () => {
  await s.page.goto(s.site.at("/who", "www.shop.test"));
  await s.page.evaluate(() => window.sparrow.identify("ada"));
  const www = await send("www");
  assert.deepEqual(
    (await s.context.cookies()).map(({ domain }) => domain),
    [".shop.test"],
  );

  const app = await s.context.newPage();
  await app.goto(s.site.at("/who", "app.shop.test"));
  assert.equal((await send("app", app)).deviceId, www.deviceId);
  await app.evaluate(() => window.sparrow.reset());
  const reset = await send("reset", app);

  const back = await send("back");
  assert.equal(back.deviceId, reset.deviceId);
  assert.equal(back.userId, undefined);
});

test("the device survives the loss of either storage or cookie", async () => {
  await s.page.goto(url);
  const { deviceId } = await send("start");
  await s.context.clearCookies();
  await s.page.reload();
  assert.equal((await send("without cookie")).deviceId, deviceId);
  assert.equal((await s.context.cookies())[0]?.value, deviceId);
  await s.page.evaluate(() => localStorage.clear());
  await s.page.reload();
  assert.equal((await send("without storage")).deviceId, deviceId);
});

test("a session ends after 30 minutes without an event", async () => {
  const minutes = 60_000;
  const start = Date.UTC(2026, 0, 1);
  await s.page.clock.setFixedTime(start);
  await s.page.goto(url);
  assert.equal((await send("0")).sessionId, String(start));
  await s.page.clock.setFixedTime(start + 29 * minutes);
  assert.equal((await send("29")).sessionId, String(start));
  // The 30 minutes count from the last event, and over a reload.
  await s.page.reload();
  await s.page.clock.setFixedTime(start + 58 * minutes);
  assert.equal((await send("58")).sessionId, String(start));
  await s.page.clock.setFixedTime(start + 88 * minutes);
  assert.equal((await send("88")).sessionId, String(start + 88 * minutes));
});

test("an empty user id names nobody", async () => {
  await s.page.goto(url);
  await s.page.evaluate(() => {
    for (const userId of [undefined, null, ""]) window.sparrow.identify(userId as string);
  });
  assert.ok(!("userId" in (await send("nobody"))));
  await s.page.evaluate(() => window.sparrow.identify(42 as unknown as string));
  assert.equal((await send("number")).userId, "42");
});
