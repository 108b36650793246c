// The README's first screen, word by word: `make dev`, an event by curl and one by browser, then the SQL
// answer and the sandbox's page.

import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";
import type { RequestRecord } from "../sandbox/server.ts";
import { launch } from "./support/chromium.ts";
import { command, type Dev, startDev } from "./support/dev.ts";
import { eventually } from "./support/wait.ts";

/** The vendors, and what the sandbox's page calls them. */
const TITLES = {
  ga4: "Google Analytics 4",
  amplitude: "Amplitude",
  heap: "Heap",
  webhook: "Webhook",
};
const VENDORS = Object.keys(TITLES);
const SANDBOX = "http://127.0.0.1:8788";
let dev: Dev;
let browser: Browser;

before(async () => {
  dev = await startDev();
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await dev?.close();
});

async function requests(vendor: string): Promise<RequestRecord[]> {
  const answer = await fetch(`${SANDBOX}/api/requests?vendor=${vendor}`);
  return ((await answer.json()) as { requests: RequestRecord[] }).requests;
}

/** The request of each vendor that holds the text. */
async function atEveryVendor(text: string): Promise<RequestRecord[]> {
  const found = VENDORS.map((vendor) =>
    eventually(`${vendor} has ${text}`, async () =>
      (await requests(vendor)).find(({ body }) => body.includes(text)),
    ),
  );
  return Promise.all(found);
}

/** Rows of a SQL command of the README's form. */
function rows(sql: string): Record<string, unknown>[] {
  const shell = `${sql} --json --persist-to ${dev.state} 2>/dev/null`;
  const answer = execFileSync("bash", ["-c", shell], { encoding: "utf8" });
  return JSON.parse(answer)[0].results;
}

function query(sql: string) {
  return rows(`npx wrangler d1 execute D1 --local --command "${sql}"`);
}

async function page(path: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(SANDBOX + path);
  return page;
}

test("both addresses are told", () => {
  const output = dev.output();
  assert.ok(output.includes(`${SANDBOX}/demo`) && output.includes(`${SANDBOX}/\n`), output);
});

test("the event sent by curl is in the SQL answer and on the sandbox's page for all four vendors", async () => {
  const today = () => new Date().toISOString().slice(0, 10);
  const days = [today()];
  const answer = execFileSync("bash", ["-c", command("curl 'http://127.0.0.1:8787/e")], {
    encoding: "utf8",
  });
  assert.equal(answer, "OK");
  await atEveryVendor("billing");
  days.push(today()); // another one when midnight came in between
  const [row, ...others] = await eventually("the warehouse has the event", () => {
    const answer = rows(command("npx wrangler d1 execute"));
    return answer.length > 0 && answer;
  });
  assert.deepEqual(others, []);
  assert.ok(days.includes(String(row?.day)), `${row?.day} is not of ${days}`);
  assert.deepEqual(row, { day: row?.day, event: "purchase product", events: 1 });

  const sandbox = await page("/");
  for (const title of Object.values(TITLES)) {
    const section = sandbox.getByRole("region", { name: title });
    await section
      .getByText(/purchase.product/)
      .first()
      .waitFor();
    await section.getByText("workers").first().waitFor();
  }
  await sandbox.close();
});

test("a click on the demo page is in the warehouse byte for byte and at the vendors, scrubbed", async () => {
  const demo = await page("/demo");
  const sent = demo.waitForRequest((request) => request.method() === "POST");
  await demo.getByRole("button", { name: "Identify" }).click();
  await demo.getByRole("button", { name: "Purchase, with personal data" }).click();
  const body = (await sent).postData() ?? "";
  assert.match(body, /ada@example\.com.*4111 1111 1111 1111/);
  const { eventId } = JSON.parse(body) as { eventId: string };

  for (const { vendor, body } of await atEveryVendor("[card]")) {
    assert.ok(body.includes("[email]") && !body.includes("ada@") && !body.includes("4111"), vendor);
  }
  const row = await eventually("the warehouse has the payload", () => {
    const columns = "data, json_extract(context, '$.origin') AS origin";
    return query(`SELECT ${columns} FROM raw WHERE eventId = '${eventId}'`)[0];
  });
  assert.deepEqual(row, { data: body, origin: SANDBOX });
  await demo.close();
});

test("a page view reaches the vendors, and an event that is not allowed reaches none", async () => {
  const demo = await page("/demo");
  await demo.getByRole("button", { name: "Event that is not allowed" }).click();
  await demo.getByRole("button", { name: "Page view" }).click();
  await eventually("GA4 has the page view", async () =>
    (await requests("ga4")).some(({ body }) => body.includes("page_view")),
  );
  await eventually("both are in the warehouse", () => {
    const kept = query(
      "SELECT event FROM raw_normalized WHERE event IN ('secret experiment', 'pageview')",
    );
    return kept.length === 2;
  });
  for (const vendor of VENDORS) {
    assert.ok(!JSON.stringify(await requests(vendor)).includes("secret experiment"), vendor);
  }
  await demo.close();
});

test("an event that is added to the policy and pushed reaches the vendors without a deploy", async () => {
  // The README's edit, in a copy of the file.
  const readme = readFileSync("README.md", "utf8");
  const [, event] = readme.match(/^At the end of the file:\n\n```toml\n(.*?)^```$/ms) ?? [];
  assert.ok(event, "the README adds an event");
  const policy = readFileSync("allowlist/allowlist.toml", "utf8");
  const file = join(dev.state, "allowlist.toml");
  writeFileSync(file, `${policy}\n${event}`);
  const [push = "", ...curl] = command("cargo run -p sparrow-cli -- policy push").split("\n");
  // With its first event Trace notes which policy is deployed.
  execFileSync("bash", ["-c", command("curl 'http://127.0.0.1:8787/e")]);
  await atEveryVendor("billing");
  // Not in one piece: connections that end meanwhile have to be noticed.
  const said = await promisify(execFile)("bash", [
    "-c",
    `${push} ${file} --persist-to ${dev.state}`,
  ]);
  assert.match(said.stdout, /pushed \d+-[0-9a-f]{8}/);
  await eventually(
    "every vendor has the event with its price",
    async () => {
      execFileSync("bash", ["-c", curl.join("\n")]);
      const bodies = VENDORS.map(async (vendor) =>
        (await requests(vendor)).map(({ body }) => body),
      );
      const hasPrice = (body: string) => /plan.changed/.test(body) && /"price":\s*20\b/.test(body);
      return (await Promise.all(bodies)).every((some) => some.some(hasPrice));
    },
    60_000,
  );
  assert.match(dev.output(), /policy_taken/);
});
