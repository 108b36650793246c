// The pages in a real browser. Every page must stay without a complaint in its console.

import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, afterEach, before, beforeEach, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { launch } from "../../e2e/support/chromium.ts";
import { bundle } from "../../sdk-js/build.ts";
import { readBody } from "../body.ts";
import { type Sandbox, startSandbox } from "../server.ts";

interface Received {
  event: string;
  userId?: string;
  deviceId: string;
  properties: unknown;
}

let browser: Browser;
let dispatcher: Server;
let received: Received[];
let sandbox: Sandbox;
let page: Page;
let complaints: string[];

before(async () => {
  const script = await bundle("iife");
  dispatcher = createServer(async (request, response) => {
    const body = await readBody(request);
    if (request.method === "POST") received.push(body?.json as Received);
    response.setHeader("access-control-allow-origin", "*");
    response.end(request.url === "/sparrow.js" ? script : "OK");
  });
  await new Promise<void>((resolve) => dispatcher.listen(0, "127.0.0.1", resolve));
  browser = await launch();
});
after(async () => {
  await browser.close();
  dispatcher.close();
  dispatcher.closeAllConnections();
});

beforeEach(async () => {
  received = [];
  complaints = [];
  const { port } = dispatcher.address() as AddressInfo;
  sandbox = await startSandbox({ dispatcher: `http://127.0.0.1:${port}` });
  const phone = { width: 390, height: 844 }; // the narrower, where things overflow
  page = await browser.newPage({ viewport: phone });
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(String(error)));
});
afterEach(async () => {
  await page.close();
  await sandbox.close();
  assert.deepEqual(complaints, []);
});

function sendToHeap(event: string, properties: object): Promise<Response> {
  const body = JSON.stringify({ app_id: "1", identity: "ada", event, properties });
  return fetch(`${sandbox.url}/heap/api/track`, { method: "POST", body });
}

async function assertFits(): Promise<void> {
  const { page: width, window } = await page.evaluate(() => ({
    page: document.documentElement.scrollWidth,
    window: innerWidth,
  }));
  assert.ok(width <= window, `the page is ${width} px wide, the window ${window} px`);
}

test("the board shows requests as they come, and what it shows is never HTML", async () => {
  const evil = "<img src=x onerror=alert(1)>";
  await sendToHeap("before", { a: 1 });
  await page.goto(sandbox.url);
  const heap = page.getByRole("region", { name: "Heap" });
  await heap.getByRole("heading", { name: "before" }).waitFor();
  await sendToHeap(evil, { [evil]: evil, list: [evil] });
  await heap.getByRole("heading", { name: evil }).waitFor();
  assert.equal(await heap.locator("dt", { hasText: evil }).count(), 1);
  assert.equal(await heap.locator("dd", { hasText: evil }).count(), 2);
  assert.deepEqual(await heap.locator(".status").allTextContents(), ["200", "200"]);

  await heap.getByText("Raw request").first().click();
  await heap.locator("pre", { hasText: "POST /heap/api/track" }).waitFor();
  assert.match(
    (await heap.locator("pre").first().textContent()) ?? "",
    /<img src=x onerror=alert\(1\)>/,
  );
  assert.equal(await page.locator("main img").count(), 0);
  await assertFits();
});

test("the board follows a request from its coming to its end", async () => {
  await page.goto(sandbox.url);
  const heap = page.getByRole("region", { name: "Heap" });
  sandbox.control("heap", { mode: "hang" });
  const hanging = sendToHeap("slow", {});
  await heap.locator(".status", { hasText: "open" }).waitFor();
  await heap.getByText("open: 1 now, 1 at most").waitFor();
  sandbox.control("heap", { mode: "error", status: 429, times: 2 });
  await heap.locator(".status", { hasText: "429" }).waitFor();
  await heap.getByText("Answers 429. For 1 more, then OK.").waitFor();
  await heap.getByText("open: 0 now, 1 at most").waitFor();
  await hanging;
  assert.equal(await heap.locator(".request").count(), 1);
});

test("the buttons set the vendor's behaviour, and clear empties the board", async () => {
  await sendToHeap("event", {});
  await page.goto(sandbox.url);
  const heap = page.getByRole("region", { name: "Heap" });
  const pressed = heap.locator("button[aria-pressed=true]");
  await heap.getByRole("heading", { name: "event" }).waitFor();
  assert.equal(await pressed.textContent(), "OK");
  await heap.getByRole("button", { name: "Error" }).click();
  await heap.getByText("Answers 503.").waitFor();
  assert.equal(await pressed.textContent(), "Error");
  assert.equal((await sendToHeap("refused", {})).status, 503);
  await page.getByRole("button", { name: "Clear" }).click();
  await heap.getByText("Nothing received yet.").waitFor();
  assert.deepEqual(sandbox.requests(), []);
});

test("of a request with many events the first three are shown, the others unfold", async () => {
  const event = (i: number) => ({ event: `number ${i}`, identity: "ada" });
  const body = JSON.stringify({
    app_id: "1",
    events: Array.from({ length: 30 }, (_, i) => event(i)),
  });
  await fetch(`${sandbox.url}/heap/api/track`, { method: "POST", body });
  await page.goto(sandbox.url);
  const shown = page.getByRole("region", { name: "Heap" }).locator("h3:visible");
  await page.getByText("27 more events").click();
  await page.getByText("10 more stand in the raw request.").waitFor();
  assert.equal(await shown.count(), 20);
  await page.getByText("27 more events").click();
  assert.deepEqual(await shown.allTextContents(), ["number 0", "number 1", "number 2"]);
});

test("the demo page sends to the Dispatcher and shows what it sent", async () => {
  await page.goto(`${sandbox.url}/demo`);
  assert.equal(received.length, 0);
  const press = async (name: string | RegExp, outcome: string) => {
    const button = page.getByRole("button", { name });
    await button.click();
    await button.locator("xpath=following-sibling::output", { hasText: outcome }).waitFor();
  };
  await press("Page view", "answered 200");
  await press("Identify", "done");
  await press(/personal data/, "answered 200");
  await press(/property that is not allowed/, "answered 200");
  await press("Reset", "done");
  await press("Event that is not allowed", "answered 200");

  const purchase = { entry: "billing", productName: "workers", price: 20 };
  const note = "mail me at ada@example.com, card 4111 1111 1111 1111";
  assert.deepEqual(
    received.map(({ event, userId, properties }) => ({ event, userId, properties })),
    [
      { event: "pageview", userId: undefined, properties: { pathname: "/demo" } },
      { event: "purchase product", userId: "user-42", properties: { ...purchase, note } },
      {
        event: "purchase product",
        userId: "user-42",
        properties: { ...purchase, coupon: "SPRING" },
      },
      { event: "secret experiment", userId: undefined, properties: { variant: "b" } },
    ],
  );
  assert.notEqual(received[3]?.deviceId, received[2]?.deviceId);
  const shown = await page.locator("#sent pre").allTextContents();
  assert.deepEqual(
    shown.map((text) => JSON.parse(text)),
    received.toReversed(),
  );
  assert.equal(await page.getByText("did not serve").isVisible(), false);
  await assertFits();
});

test("the demo page says so where the Dispatcher is not there", async () => {
  await sandbox.close();
  sandbox = await startSandbox({ dispatcher: "http://127.0.0.1:1" });
  await page.goto(`${sandbox.url}/demo`);
  await page.getByText("did not serve").waitFor();
  assert.equal(await page.locator("button:enabled").count(), 0);
  assert.equal(complaints.splice(0).length, 1); // the browser's own, about the script
});
