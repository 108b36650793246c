// A run of chaos: load, bad weather and kills, then peace, then the account of everything.

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";
import type { Row } from "./account.ts";
import { copyOf } from "./chaos-copy.ts";
import { problems } from "./chaos-verdict.ts";
import { startVictim, type Victim } from "./chaos-victim.ts";
import { heal, worsen } from "./chaos-weather.ts";
import { numbersOf } from "./numbers.ts";
import { eventually } from "./wait.ts";

export interface Plan {
  /** Decides what happens when. What the machine makes of it differs from run to run. */
  seed: number;
  /** How long payloads are sent. */
  seconds: number;
  /** Payloads each second. */
  rate: number;
  kills: number;
  /** Where rows go, one of them; `d1` where nothing is said. */
  warehouse?: "d1" | "bigquery";
  /** Hears what is done. */
  say?: (what: string) => void;
}

/** What `sparrow load` found; `cli/src/load/report.rs`. */
export interface Report {
  sent: number;
  acknowledged: number;
  lost: number;
  raw: { payloads: number; missing: number; repeated: number; altered: number };
  accounts: { pending: number; unaccounted: number };
  trackers: Record<string, Tracker>;
  problems: string[];
}

export interface Tracker {
  delivered: number;
  filtered: number;
  rejected: number;
  dead: number;
  pending: number;
  missing: number;
  vendorMissing?: number;
  vendorDuplicates?: number;
}

export interface Outcome {
  report: Report;
  /** Kills while payloads were being sent. */
  kills: number;
  /** What each shard keeps after all, and its sums; `outbox/src/schema.rs`. */
  shards: Row[];
}

/** Time between two turns of the weather, on average, in ms. */
const WEATHER_MS = 300;

/** The share of the time from kill to kill that is life; the rest is for starting, which takes about a second. */
const LIFE = 0.3;

/** How long everything may take to settle: an alarm that stands in for a lost timer rings after 30 s. */
const SETTLE_MS = 90_000;

/** Short waits, so that a run sees many retries; several shards, so that one may be idle when it is killed. */
const OPTIONS = {
  dispatcher: {
    OUTBOX_SHARDS: "2",
    OUTBOX_INTERVAL: "100ms",
    RETRY_BASE: "50ms",
    RETRY_MAX: "500ms",
  },
  trace: { TRACKER_DEADLINE_MS: "1000" },
};

const SHARDS = `SELECT
  (SELECT count(*) FROM payload) AS payloads,
  (SELECT count(*) FROM owed) AS owed,
  (SELECT count(*) FROM pack) AS packs,
  sum(abs(received - delivered - filtered - rejected - dead - pending)) AS unaccounted
FROM ledger`;

/** Does what `plan` says. Leaves the folder of the run, and says where it is, if it fails. */
export async function chaos(plan: Plan): Promise<Outcome> {
  const { warehouse = "d1", say = () => {} } = plan;
  const victim = await startVictim({ ...OPTIONS, warehouse });
  let keep = true;
  try {
    const sent = join(victim.folder, "sent");
    const load = publish(victim, plan, sent);
    const kills = await torment(victim, plan, load);
    heal(victim.sandbox);
    say("everything works again");
    await load.done;
    const settled = warehouse === "bigquery" && (await remains(victim));
    const d1 = settled ? copyOf(victim.sandbox, victim.folder) : victim.d1;
    const report = await verify(victim, sent, d1);
    const shards = await remains(victim);
    const outcome = { report, kills, shards };
    keep = problems(outcome).length > 0;
    return outcome;
  } finally {
    if (keep) say(`what was stored, and the log: ${victim.folder}`);
    await victim.close({ keep });
  }
}

interface Load {
  isOver: boolean;
  done: Promise<void>;
}

function publish(victim: Victim, plan: Plan, file: string): Load {
  const flags = {
    "--url": `${victim.url}/e`,
    "--rate": plan.rate,
    "--for": `${plan.seconds}s`,
    "--seed": plan.seed,
    "--events-per-request": 3,
    // Longer than a busy machine takes to answer: payloads sent again would make it busier.
    "--timeout": "15s",
    "--publish-only": file,
  };
  const sender = spawn(
    "target/debug/sparrow",
    ["load", ...Object.entries(flags).flat().map(String)],
    {
      stdio: ["ignore", "ignore", "inherit"],
    },
  );
  const load: Load = { isOver: false, done: Promise.resolve() };
  load.done = once(sender, "exit").then(([code]) => {
    load.isOver = true;
    if (code !== 0) throw new Error(`sparrow load ended with ${code}`);
  });
  // Whoever waits for it hears of it; until then it is no error that nobody does.
  load.done.catch(() => {});
  return load;
}

/** Kills and bad weather, as long as payloads are sent or kills are left. Returns the kills under load. */
async function torment(
  victim: Victim,
  { seed, seconds, kills, warehouse = "d1", say = () => {} }: Plan,
  load: Load,
): Promise<number> {
  const [weather, life] = [numbersOf(seed), numbersOf(~seed)];
  let [killed, killedUnderLoad, isOver] = [0, 0, false];
  const blow = async () => {
    while (!isOver) {
      say(worsen(victim.sandbox, warehouse, weather));
      await wait(2 * WEATHER_MS * weather());
    }
  };
  const blowing = blow();
  const lifeMs = (LIFE * seconds * 1000) / kills;
  while (killed < kills || !load.isOver) {
    await wait(2 * lifeMs * life());
    if (killed === kills) continue;
    killed += 1;
    if (!load.isOver) killedUnderLoad += 1;
    await victim.kill();
    say(`kill ${killed}`);
    await victim.restart();
  }
  isOver = true;
  await blowing;
  return killedUnderLoad;
}

async function verify(victim: Victim, sent: string, d1: string): Promise<Report> {
  const places = ["--d1", d1, "--sandbox", victim.sandbox.url, "--settle", `${SETTLE_MS}ms`];
  const command = ["load", "--verify-only", sent, "--json", ...places];
  // It fails where something is lost, and says the same in its report.
  const failed = (error: { stdout?: string }) => {
    if (error.stdout) return { stdout: error.stdout };
    throw error;
  };
  const { stdout } = await promisify(execFile)("target/debug/sparrow", command, {
    maxBuffer: 64 << 20,
  }).catch(failed);
  return JSON.parse(stdout);
}

/** What the shards keep, once that is nothing, or after some time. */
async function remains({ shards }: Victim): Promise<Row[]> {
  const isEmpty = ({ payloads, owed, packs }: Row) => payloads === 0 && owed === 0 && packs === 0;
  // The test says what is wrong with what is left.
  await eventually("the shards keep nothing", () => shards(SHARDS).every(isEmpty), SETTLE_MS).catch(
    () => {},
  );
  return shards(SHARDS);
}
