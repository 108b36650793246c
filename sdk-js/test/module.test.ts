// The ESM build: in a page, on a server, and its types.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { bundle, emitTypes } from "../build.ts";
import { assertNoComplaints, stage } from "./support/browser.ts";

const s = stage();

test("events from before init() are sent by it, with the time at which they happened", async () => {
  await s.page.goto(
    s.site.page(
      "/module",
      `<script type="module">
        import { init, pageview, track } from "${s.collector.url}/sparrow.mjs";
        pageview();
        for (let i = 0; i < 200; i++) track("early");
        const calledAt = Date.now();
        while (Date.now() < calledAt + 5);
        init({ endpoint: "${s.collector.url}/events", key: "public" });
        track("late");
      </script>`,
    ),
  );
  await s.collector.event("late");
  const view = await s.collector.event("pageview");
  assert.equal(view.path, "/events");
  assert.equal(view.query.get("key"), "public");
  assert.deepEqual(view.event.properties, { pathname: "/module" });
  assert.ok(Number(view.query.get("sentAt")) - view.event.timestamp >= 5);
  // An app that never calls init() must not fill its memory: 100 events are kept.
  await s.collector.events("early", 99);
  assert.equal(s.collector.received.length, 101);
  assertNoComplaints(s);
});

test("on a server nothing is sent, kept or thrown", async (t) => {
  const code = await bundle("esm");
  const sparrow = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  const fetched = t.mock.method(globalThis, "fetch", () => Promise.reject(new Error("no")));
  // A server may have stand-ins for parts of a page; what is kept there is kept for every visitor.
  const kept: string[] = [];
  const storage = { getItem: () => null, setItem: (name: string) => kept.push(name) };
  Object.defineProperty(globalThis, "localStorage", { value: storage, configurable: true });
  t.after(() => Reflect.deleteProperty(globalThis, "localStorage"));
  sparrow.init({ endpoint: "http://127.0.0.1:9/e" });
  sparrow.identify("ada");
  sparrow.pageview();
  sparrow.track("event", { a: 1 });
  sparrow.reset();
  assert.equal(fetched.mock.callCount(), 0);
  assert.deepEqual(kept, []);
});

test("the package has the types of what it exports", async () => {
  const root = mkdtempSync(join(tmpdir(), "sparrow-package-"));
  try {
    const sdk = join(root, "node_modules", "@sparrow", "sdk");
    mkdirSync(join(sdk, "dist"), { recursive: true });
    writeFileSync(
      join(sdk, "package.json"),
      readFileSync(join(import.meta.dirname, "..", "package.json")),
    );
    writeFileSync(join(sdk, "dist", "sparrow.mjs"), await bundle("esm"));
    emitTypes(join(sdk, "dist"));
    writeFileSync(
      join(root, "app.mts"),
      `import { identify, init, pageview, reset, track, type Sparrow } from "@sparrow/sdk";
      init({ endpoint: "/e", key: undefined });
      pageview("/a");
      identify("ada");
      const sparrow: Sparrow = { identify, pageview, reset, track };
      sparrow.track("event", { a: 1 });
      // @ts-expect-error: an event has a name
      sparrow.track();
      // @ts-expect-error: a user id is text
      identify(1);
      // @ts-expect-error: events go somewhere
      init({});
      `,
    );
    const tsc = join(import.meta.dirname, "../../node_modules/typescript/bin/tsc");
    const flags = ["--ignoreConfig", "--strict", "--noEmit", "--module", "nodenext"];
    execFileSync(process.execPath, [tsc, ...flags, "app.mts"], { cwd: root, stdio: "inherit" });
  } finally {
    rmSync(root, { recursive: true });
  }
});
