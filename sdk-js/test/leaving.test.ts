// An event that is sent right before its page goes away arrives, whichever way it goes.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { stage } from "./support/browser.ts";
import { Gate } from "./support/gate.ts";
import { scriptTag } from "./support/servers.ts";

const s = stage();
let gate: Gate;
before(async () => {
  gate = await Gate.start();
});
after(() => gate.close());

/** What the page does right after its call; the tab is closed from outside where it does nothing. */
const exits = {
  "a navigation on the same site": "location.href = '/elsewhere'",
  "a navigation to another site": "location.href = OTHER_SITE",
  "a reload": "location.reload()",
  "window.close()": "window.close()",
  "closing the tab": "",
};

for (const [exit, leave] of Object.entries(exits)) {
  test(`an event before ${exit} arrives, though the page is gone before the first byte is sent`, async () => {
    const context = await s.browser.newContext({
      proxy: { server: gate.proxy, bypass: "<-loopback>" },
    });
    const url = s.site.page("/leaving", scriptTag(s.collector));
    s.site.page("/elsewhere", "elsewhere");
    const page = await openedByScript(await context.newPage(), url);

    gate.shut(Number(new URL(s.collector.url).port));
    const gone = leave.startsWith("location")
      ? page.waitForEvent("framenavigated")
      : page.waitForEvent("close");
    const target = JSON.stringify(s.site.at("/elsewhere", "other.test"));
    const script = `window.sparrow.track("leaving"); ${leave.replace("OTHER_SITE", target)}`;
    await page.evaluate(script).catch(() => {}); // the page may go before its answer
    if (!leave) await page.close();
    await gone;
    assert.equal(s.collector.received.length, 0);
    gate.open();

    await s.collector.event("leaving");
    await context.close();
    assert.equal(s.collector.received.length, 1);
  });
}

test("a rejection after the page was left sends no second copy", async () => {
  s.collector.answer = (_, response) => response.destroy();
  const count =
    "const ask = window.fetch; window.failed = 0;" +
    "window.fetch = (...call) => ask(...call).finally(() => { window.failed++ });";
  const head = `<script>${count}</script>${scriptTag(s.collector)}`;
  await s.page.goto(s.site.page("/hiding", head));
  await s.page.evaluate(() => {
    dispatchEvent(new PageTransitionEvent("pagehide"));
    window.sparrow.track("hidden");
  });
  await s.page.waitForFunction(() => (window as unknown as { failed: number }).failed === 1);
  // Back from the back/forward cache, a rejection falls back again.
  await s.page.evaluate(() => {
    dispatchEvent(new PageTransitionEvent("pageshow"));
    window.sparrow.track("shown");
  });
  const [first, second] = await s.collector.events("shown", 2);
  assert.equal((await s.collector.events("hidden")).length, 1);
  assert.equal(second?.query.toString(), first?.query.toString());
  assert.equal(second?.body, first?.body);
});

/** A tab that may close itself, as only those may that a script has opened. */
async function openedByScript(opener: Page, url: string): Promise<Page> {
  const [page] = await Promise.all([
    opener.waitForEvent("popup"),
    opener.evaluate((address) => void window.open(address), url),
  ]);
  await page.waitForFunction(() => "sparrow" in window);
  return page;
}
