// The trace of a page goes with its events; what is none does not.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertNoComplaints, stage } from "./support/browser.ts";
import { scriptTag } from "./support/servers.ts";

const s = stage();

const PLACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/** The member of the query of the event that a page with this head sends. */
async function sent(head: string): Promise<string | null> {
  const event = `event ${s.collector.received.length}`;
  await s.page.goto(s.site.page("/traced", head));
  await s.page.evaluate((event) => window.sparrow.track(event), event);
  return (await s.collector.event(event)).query.get("traceparent");
}

test("events carry the trace of the page that the server wrote into it", async () => {
  const meta = `<meta name="traceparent" content="${PLACE}">`;
  assert.equal(await sent(meta + scriptTag(s.collector)), PLACE);
  assert.equal(await sent(scriptTag(s.collector)), null);
  const methods = s.collector.received.map(({ method }) => method);
  assert.deepEqual(methods, ["POST", "POST"], "without a preflight");
  assertNoComplaints(s);
});

test("init() may name another one", async () => {
  const other = PLACE.replace("4bf9", "1111");
  const head = `<meta name="traceparent" content="${PLACE}"><script type="module">
    import { init, track } from "${s.collector.url}/sparrow.mjs";
    init({ endpoint: "${s.collector.url}/e", traceparent: "${other}" });
    track("named");
  </script>`;
  await s.page.goto(s.site.page("/named", head));
  assert.equal((await s.collector.event("named")).query.get("traceparent"), other);
});

test("what is no trace is left out, and the event is sent", async () => {
  const hostile = [
    ...["", "ada@example.com", `${PLACE}&key=other`, `${PLACE}\n`, PLACE.toUpperCase(), "🎈"].map(
      (content) => `<meta name="traceparent" content="${content}">`,
    ),
    '<meta name="traceparent">',
    `<input name="traceparent" value="${PLACE}">`,
    `<script>document.getElementsByName = () => { throw new Error("no") };</script>`,
    "<script>document.getElementsByName = () => undefined;</script>",
  ];
  for (const head of hostile) assert.equal(await sent(head + scriptTag(s.collector)), null, head);
  assertNoComplaints(s);
});
