// Whatever fails is reported once, with enough to mend it, and with nothing that is nobody's business.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import type { Breadcrumb } from "@sentry/core";
import { startVictim, type Victim } from "./support/chaos-victim.ts";
import { type Report, type Sentry, startSentry } from "./support/sentry.ts";
import { DEVELOPMENT_KEY, type Sparrow, startSparrow } from "./support/sparrow.ts";
import { eventually } from "./support/wait.ts";
import type { Options } from "./support/workers.ts";

/** What must not be seen anywhere. */
const EMAIL = "ada.lovelace@example.com";
const CARD = "4111 1111 1111 1111";
const SECRET = "s3cret-of-the-query";
const PLANTED = [EMAIL, CARD, "4111111111111111", SECRET, "planted-cookie", "planted-user"];

const EVENT = {
  event: "purchase product",
  userId: "planted-user",
  deviceId: "device",
  properties: { entry: EMAIL, productName: CARD },
};

/** Every Worker with this receiver, and with `vars` over those that they have. */
function reporting(
  { dsn }: Sentry,
  options: Options = {},
  vars: Record<string, string> = {},
): Options {
  const sentry = { SENTRY_DSN: dsn, ...vars };
  return {
    ...options,
    dispatcher: { ...sentry, ...options.dispatcher },
    trace: { ...sentry, ...options.trace },
  };
}

function found(sentry: Sentry, code: string, tags: Record<string, string> = {}): Promise<Report[]> {
  const wanted = Object.entries({ code, ...tags });
  return eventually(`${code} ${JSON.stringify(tags)} is reported`, () => {
    const reports = sentry.reports.filter(({ event }) =>
      wanted.every(([name, value]) => event.tags?.[name] === value),
    );
    return reports.length > 0 && reports;
  });
}

function nothingPlanted(what: string, text: string): void {
  for (const planted of PLANTED) assert.ok(!text.includes(planted), `${planted} in ${what}`);
}

describe("as deployed", () => {
  let sentry: Sentry;
  let sparrow: Sparrow;
  before(async () => {
    sentry = await startSentry();
    sparrow = await startSparrow(
      reporting(sentry, {
        off: ["webhook"],
        trace: { GA4_VALIDATE_SAMPLE: "1", POLICY_REFRESH_MS: "50" },
      }),
    );
  });
  after(async () => {
    await sparrow.close();
    await sentry.close();
  });
  afterEach(() => {
    for (const vendor of ["amplitude", "ga4", "heap"])
      sparrow.sandbox.control(vendor, { mode: "ok" });
    sentry.reports.length = 0;
  });

  test("a vendor that fails is reported with its status, reason, policy and release, and without a value", async () => {
    sparrow.sandbox.control("amplitude", {
      mode: "error",
      status: 503,
      body: { error: `${EMAIL} is unknown`, key: SECRET },
    });
    const url = `&k=device&other=${SECRET}`;
    assert.equal((await sparrow.send(EVENT, url)).status, 200);
    const [report] = await found(sentry, "vendor_failed", { tracker: "amplitude" });
    const { event } = report as Report;
    assert.equal(event.level, "warning");
    assert.match(event.release ?? "", /^sparrow@\d+\.\d+\.\d+$/);
    assert.equal(event.environment, "development");
    const { tags = {}, extra = {} } = event;
    // The parser's types are those of events before they are sent.
    const { values: breadcrumbs } = event.breadcrumbs as unknown as { values: Breadcrumb[] };
    assert.deepEqual([tags.worker, tags.status, tags.reason], ["trace", "503", "http_503"]);
    assert.match(String(tags.policy), /^\d+-[0-9a-f]+$/);
    assert.deepEqual([extra.calls, extra.events], [1, 1]);
    assert.ok(Array.isArray(extra.event), "the event's id is told");
    assert.ok(!("request" in extra) && !("reply" in extra), "the payload switch is off");
    assert.equal(event.request?.method, "POST");
    assert.equal(event.request?.url, "https://trace/deliver/amplitude");
    const steps = breadcrumbs.map(({ message }) => message);
    assert.ok(steps.includes("amplitude: a call with 1 events: 503"), JSON.stringify(steps));
    const logged = sparrow.logs().find(({ code }) => code === "vendor_failed");
    assert.deepEqual(
      [logged?.level, logged?.tracker, logged?.status],
      ["warning", "amplitude", "503"],
    );
    nothingPlanted("the reports", sentry.bytes());
    nothingPlanted("the log", sparrow.output());
  });

  test("a warehouse that fails, a policy that is refused, and what GA4's validation does not like", async () => {
    await sparrow.sql("ALTER TABLE raw RENAME TO away");
    const complaint = {
      validationCode: "NAME_INVALID",
      fieldPath: "events[0].name",
      description: EMAIL,
    };
    sparrow.sandbox.control("ga4", {
      mode: "error",
      status: 200,
      body: { validationMessages: [complaint] },
    });
    await sparrow.send(EVENT);
    const [outdated] = await found(sentry, "d1_outdated");
    assert.match(String(outdated?.event.extra?.problem), /sparrow warehouse migrate/);
    const [failed] = await found(sentry, "call_failed", { lane: "raw", warehouse: "d1" });
    assert.equal(failed?.event.tags?.reason, "d1_outdated");
    const [complains] = await found(sentry, "vendor_complains", { tracker: "ga4" });
    assert.match(JSON.stringify(complains?.event.extra?.complaints), /NAME_INVALID/);
    await sparrow.sql("ALTER TABLE away RENAME TO raw");

    await sparrow.policies.put("policy/current", "no pointer");
    await eventually("the policy is refused", async () => {
      await sparrow.send(EVENT);
      return sentry.reports.some(({ event }) => event.tags?.code === "policy_refused");
    });
    await sparrow.policies.delete("policy/current");
    await sparrow.idle();
    nothingPlanted("the reports", sentry.bytes());
    nothingPlanted("the log", sparrow.output());
  });
});

test("five hundred equal failures are at most three reports, and all are counted", async () => {
  const sentry = await startSentry();
  const dispatcher = { RETRY_BASE: "1ms", RETRY_MAX: "2ms" };
  const sparrow = await startSparrow(
    reporting(sentry, { dispatcher, off: ["ga4", "amplitude", "webhook"] }),
  );
  try {
    sparrow.sandbox.control("heap", { mode: "error", status: 500 });
    const failures = () => sparrow.logs().filter(({ code }) => code === "vendor_failed").length;
    await sparrow.send(EVENT);
    await eventually(
      "heap has failed 500 times",
      async () => {
        // A request brings the shard new calls.
        await sparrow.outbox("/status");
        return failures() >= 500;
      },
      60_000,
    );
    const reports = await found(sentry, "vendor_failed", { tracker: "heap" });
    assert.ok(reports.length <= 3, `${reports.length} reports of ${failures()} failures`);
    const { counters } = await sparrow.outbox<{
      counters: { reports: Record<string, { sent: number; suppressed: number }> };
    }>("/metrics");
    const { sent = 0, suppressed = 0 } = counters.reports.trace ?? {};
    assert.equal(sent, reports.length);
    assert.ok(suppressed >= 497, `${suppressed} of them are counted`);
    const prints = new Set(reports.map(({ event }) => event.fingerprint?.join()));
    assert.equal(prints.size, 1);
  } finally {
    await sparrow.close();
    await sentry.close();
  }
});

test("with the payload switch on a vendor's request and reply are attached, scrubbed and without keys", async () => {
  const sentry = await startSentry();
  const key = "amplitude-key-0123456789abcdef";
  const trace = { AMPLITUDE_API_KEY: key };
  const options = reporting(
    sentry,
    { trace, off: ["ga4", "heap", "webhook"] },
    { SENTRY_PAYLOADS: "on" },
  );
  const sparrow = await startSparrow(options);
  try {
    const error = `${EMAIL} pays with ${CARD} by ${key}. ${"More. ".repeat(1000)}`;
    sparrow.sandbox.control("amplitude", { mode: "error", status: 500, body: { error } });
    await sparrow.send({
      ...EVENT,
      userId: "user-17",
      properties: { entry: "menu", productName: "sofa" },
    });
    const [report] = await found(sentry, "vendor_failed", { tracker: "amplitude" });
    const { request, reply } = report?.event.extra ?? {};
    assert.match(String(request), /"api_key":"\[secret\]"/);
    assert.match(String(request), /sofa/);
    assert.match(String(reply), /^\{"error":"\[email\] pays with \[card\] by \[secret\]\. More\./);
    assert.ok(String(reply).length <= 2048);
    for (const hidden of [EMAIL, CARD, key]) assert.ok(!sentry.bytes().includes(hidden), hidden);
  } finally {
    await sparrow.close();
    await sentry.close();
  }
});

// The platform's own words, which a runtime on one machine does not say by itself.
for (const [words, reason] of Object.entries({
  "Worker exceeded CPU time limit.": "trace_exceeded_cpu",
  "Worker exceeded memory limit.": "trace_exceeded_memory",
  "Too many subrequests.": "trace_too_many_subrequests",
  "something else that is thrown": "trace_exception",
})) {
  test(`"${words}" of Trace is ${reason}, and nothing is lost`, async () => {
    const between = `
      let left = 2;
      export default {
        fetch(request, env) {
          if (left-- > 0) throw new Error(${JSON.stringify(words)});
          return env.TRACE.fetch(request);
        },
      };`;
    const sentry = await startSentry();
    const sparrow = await startSparrow(reporting(sentry, { between }));
    try {
      await sparrow.send(EVENT);
      const [seen] = await found(sentry, "call_failed", { lane: "open" });
      assert.equal(seen?.event.tags?.reason, reason);
      await eventually(
        "the event is delivered all the same",
        () => sparrow.sandbox.received("ga4").length === 1,
      );
    } finally {
      await sparrow.close();
      await sentry.close();
    }
  });
}

// Side by side, since they wait most of the time.
describe("with faults on demand", { concurrency: true }, () => {
  async function start(
    options: Options = {},
    vars: Record<string, string> = {},
  ): Promise<{ sentry: Sentry; victim: Victim }> {
    const sentry = await startSentry();
    const fast = { OUTBOX_INTERVAL: "20ms", RETRY_BASE: "50ms", RETRY_MAX: "300ms" };
    const victim = await startVictim(reporting(sentry, { dispatcher: fast, ...options }, vars));
    after(async () => {
      await victim.close();
      await sentry.close();
    });
    return { sentry, victim };
  }

  const send = async (victim: Victim) => {
    const url = `${victim.url}/e?key=${DEVELOPMENT_KEY}&other=${SECRET}`;
    const headers = { cookie: `who=planted-cookie` };
    return fetch(url, { method: "POST", headers, body: JSON.stringify(EVENT) });
  };

  test("a panic in Trace is reported by Trace with its place and stack, and by the shard as one; the isolate goes on", async () => {
    const { sentry, victim } = await start();
    victim.sandbox.faults("open", { mode: "panic", times: 1, message: `about ${EMAIL}` });
    assert.equal((await send(victim)).status, 200);
    const [seen] = await found(sentry, "call_failed", { lane: "open", reason: "trace_panic" });
    const { extra = {}, tags = {} } = seen?.event ?? {};
    assert.deepEqual([tags.worker, extra.payloads], ["dispatcher", 1]);
    assert.equal((extra.payload as string[]).length, 1, "the payload's id is told");
    const panic = await eventually("the panic is reported", () =>
      sentry.reports.find(({ event }) => event.exception?.values?.[0]?.type === "panic"),
    );
    const { event } = panic;
    assert.deepEqual([event.level, event.tags?.worker], ["fatal", "trace"]);
    const frames = event.exception?.values?.[0]?.stacktrace?.frames ?? [];
    const names = frames.map((frame) => frame.function ?? "").join(" ");
    assert.match(names, /trace.*serve/, names);
    assert.equal(event.request?.url, "https://trace/open");
    await eventually(
      "the event is delivered all the same",
      () => victim.sandbox.received("amplitude").length === 1,
    );
    const log = readFileSync(join(victim.folder, "log"), "utf8");
    assert.match(log, /"code":"panic"/);
    for (const [what, text] of Object.entries({ reports: sentry.bytes(), log }))
      nothingPlanted(what, text);
  });

  test("with the payload switch on, the payload on which Trace panics is attached, scrubbed", async () => {
    const { sentry, victim } = await start({}, { SENTRY_PAYLOADS: "on" });
    const poison = { ...EVENT, properties: { entry: EMAIL, productName: "sparrow-fault-open" } };
    await fetch(`${victim.url}/e?key=${DEVELOPMENT_KEY}`, {
      method: "POST",
      body: JSON.stringify(poison),
    });
    const panic = await eventually("the panic is reported", () =>
      sentry.reports.find(({ event }) => event.exception?.values?.[0]?.type === "panic"),
    );
    const attached = String(panic.event.extra?.payload);
    assert.match(attached, /"entry":"\[email\]","productName":"sparrow-fault-open"/);
    assert.ok(!sentry.bytes().includes(EMAIL));
  });

  test("an error in Trace is reported by Trace with its causes, and by the shard as its answer", async () => {
    const { sentry, victim } = await start();
    victim.sandbox.faults("deliver-heap", { mode: "error", times: 1 });
    await send(victim);
    await found(sentry, "call_failed", { lane: "heap", reason: "trace_500" });
    const [failed] = await found(sentry, "failed", { worker: "trace" });
    const [cause] = failed?.event.exception?.values ?? [];
    assert.match(cause?.value ?? "", /sparrow-fault-deliver-heap/);
    await eventually(
      "the event is delivered all the same",
      () => victim.sandbox.received("heap").length === 1,
    );
    const log = readFileSync(join(victim.folder, "log"), "utf8");
    for (const [what, text] of Object.entries({ reports: sentry.bytes(), log }))
      nothingPlanted(what, text);
  });

  test("a Sentry that hangs holds nothing up", async () => {
    const { sentry, victim } = await start();
    sentry.reply("hangs");
    victim.sandbox.faults("deliver-heap", { mode: "error", times: 3 });
    victim.sandbox.faults("raw", { mode: "before", times: 3 });
    assert.equal((await send(victim)).status, 200);
    // Well before a report is given up, after ten seconds.
    const heap = () => victim.sandbox.received("heap").length === 1;
    await eventually("the event is delivered", heap, 5_000);
    const raw = () => victim.sql("SELECT 1 FROM raw").length === 1;
    await eventually("the payload is logged", raw, 5_000);
    assert.ok(sentry.reports.length > 0, "reports hang");
    sentry.reply({ status: 200 });
  });
});
