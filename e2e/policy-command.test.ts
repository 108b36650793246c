// `sparrow policy` on a local namespace, by Wrangler as people run it: what it puts there is what Trace reads (policy.test.ts),
// and what is refused leaves the namespace as it was.

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { compiled, policyWith } from "./support/policy.ts";

const DEPLOYED = "1-deployed";
const folder = mkdtempSync(join(tmpdir(), "sparrow-"));

after(() => rmSync(folder, { recursive: true }));

/** A namespace of its own for each test, as `wrangler dev` keeps them. */
function namespace(name: string) {
  const state = ["--persist-to", join(folder, name)];
  return {
    /** What the command says, where it succeeds, and why it does not, where it fails. */
    policy(...command: string[]): { said: string } | { refused: string } {
      const sparrow = ["policy", ...command, ...state];
      const ended = spawnSync("target/debug/sparrow", sparrow, { encoding: "utf8" });
      return ended.status === 0 ? { said: ended.stdout } : { refused: ended.stderr };
    },
    kv(...command: string[]): string {
      const where = ["--binding", "POLICY", "-c", "trace/wrangler.toml", "--local", ...state];
      const key = ["wrangler", "kv", "key", ...command, ...where];
      return execFileSync("npx", key, { encoding: "utf8" }).trim();
    },
  };
}

function file(name: string, toml: string): string {
  const path = join(folder, name);
  writeFileSync(path, toml);
  return path;
}

function refusal(answer: { said: string } | { refused: string }): string {
  assert.ok("refused" in answer, JSON.stringify(answer));
  return answer.refused;
}

test("what was pushed is current until it is rolled back", () => {
  const { policy, kv } = namespace("pushed");
  const red = policyWith(["red"]);
  const blue = policyWith(["blue"]).replace(
    '"blue" = { type = "string"',
    '"blue" = { type = "string", treatment = "hash"',
  );
  const [first, second] = [compiled(red), compiled(blue)];
  const soon = "Trace takes it within a minute of KV's having it everywhere";
  // Before Trace noted which one is deployed.
  assert.deepEqual(policy("push", file("red.toml", red), "--base", DEPLOYED), {
    said: `pushed ${first.version} in place of the deployed ${DEPLOYED}; ${soon}\n`,
  });
  kv("put", "policy/deployed", DEPLOYED);
  const key = "Trace needs the secret POLICY_HASH_KEY";
  assert.deepEqual(policy("push", file("blue.toml", blue)), {
    said: `pushed ${second.version} in place of the deployed ${DEPLOYED}; ${key}; ${soon}\n`,
  });
  const shown = (current: string, before: string) => ({
    said: `deployed  ${DEPLOYED}\ncurrent   ${current}\nbefore    ${before}\n`,
  });
  assert.deepEqual(policy("show"), shown(second.version, first.version));
  const json = policy("show", "--json");
  assert.ok("said" in json);
  const said = { deployed: DEPLOYED, current: second.version, before: first.version };
  assert.deepEqual(JSON.parse(json.said), said);
  assert.equal(kv("get", `policy/${second.version}`, "--text"), second.json);
  const pointer = { version: second.version, previous: first.version, base: DEPLOYED };
  assert.deepEqual(JSON.parse(kv("get", "policy/current", "--text")), pointer);
  assert.deepEqual(policy("rollback"), { said: `rolled back to ${first.version}; ${soon}\n` });
  assert.deepEqual(policy("show"), shown(first.version, second.version));
});

test("what is in force can be pulled, and explains as the file does that it was made of", () => {
  const { policy, kv } = namespace("pulled");
  const red = policyWith(["red"]);
  const { version, json } = compiled(red);
  const deployed = file("deployed.toml", policyWith(["blue"]));
  const blue = compiled(policyWith(["blue"]));
  kv("put", "policy/deployed", blue.version);
  // What was deployed is a part of Trace, and not in KV.
  assert.deepEqual(policy("pull", "--policy", deployed), { said: blue.json });
  assert.match(
    refusal(policy("pull", "--policy", file("other.toml", red))),
    /is not in KV: that holds what was pushed/,
  );
  policy("push", file("red.toml", red));
  assert.deepEqual(policy("pull"), { said: json });
  assert.deepEqual(policy("pull", "--version", "deployed", "--policy", deployed), {
    said: blue.json,
  });
  assert.deepEqual(policy("show", "--json"), {
    said: `${JSON.stringify({ before: blue.version, current: version, deployed: blue.version }, null, 2)}\n`,
  });

  const pulled = join(folder, "pulled.json");
  assert.deepEqual(policy("pull", "--version", version, "--out", pulled), { said: "" });
  assert.equal(readFileSync(pulled, "utf8"), json);
  const event = file("event.json", JSON.stringify({ event: "a", properties: { red: "x" } }));
  const explain = (policy: string) => {
    const told = ["allowlist", "explain", event, "--json", "--policy", policy];
    const { events } = JSON.parse(execFileSync("target/debug/sparrow", told, { encoding: "utf8" }));
    return events[0].dropped;
  };
  assert.deepEqual(explain(pulled), explain(file("red.toml", red)));

  assert.match(refusal(policy("pull", "--version", "9-nowhere")), /9-nowhere was never pushed/);
  kv("put", `policy/${version}`, json.replace("red", "rod"));
  assert.match(refusal(policy("pull")), new RegExp(`what KV has as ${version} does not mean`));
  kv("put", "policy/9-other", json);
  assert.match(refusal(policy("pull", "--version", "9-other")), /9-other was never pushed/);
});

test("a faulty file pushes nothing", () => {
  const { policy, kv } = namespace("faulty");
  const faulty = file("faulty.toml", "version = 1\n[sources]\n[events.a]\n");
  const why = refusal(policy("push", faulty, "--base", DEPLOYED));
  assert.ok(why.startsWith(`sparrow: ${faulty}: `) && why.includes("events.a"), why);
  assert.deepEqual(JSON.parse(kv("list")), []);
});

test("without a note of what is deployed it says why there may be none", () => {
  const { policy, kv } = namespace("empty");
  for (const command of [["push"], ["rollback"], ["show"]]) {
    const why = refusal(policy(...command));
    assert.match(why, /^sparrow: which policy is deployed is not known/);
    assert.match(why, /A wrong namespace id in trace\/wrangler.toml looks the same\n$/);
  }
  assert.deepEqual(JSON.parse(kv("list")), []);
});

test("without the binding Wrangler refuses, and its reason is shown", () => {
  const { policy } = namespace("unbound");
  const why = refusal(policy("push", "--env", "staging", "--base", DEPLOYED));
  assert.match(why, /No KV namespaces are configured/);
  assert.match(why, /sparrow: wrangler did not do it; what it says stands above\n$/);
});
