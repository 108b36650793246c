// What the kernel says of workerd and of the machine.

import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";

/** Ms of a tick, in which /proc counts CPU time: `getconf CLK_TCK` is 100 on every Linux. */
const TICK_MS = 10;

const PAGE_BYTES = 4096;

/** Processes of this program whose name is `workerd`. */
export function workerds(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const fields = stat(pid);
      return fields?.name === "workerd" && Number(fields.rest[1]) === process.pid;
    });
}

/** CPU time used so far by all of its threads, in ms. */
export function cpuMs(pid: number): number {
  // Fields 14 and 15 of proc_pid_stat(5): utime and stime. `rest` begins with field 3.
  const fields = stat(pid)?.rest;
  if (!fields) throw new Error("workerd has ended; look at its last lines above");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

/** The same by the threads that it has now, to the microsecond: for what takes less than many ticks. */
export function threadsMs(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  // The first number of schedstat: time on a processor, in ns.
  const spent = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "latin1").split(" ")[0]),
  );
  return spent.reduce((sum, one) => sum + one) / 1e6;
}

/** CPU time used so far by everything that runs on the machine, in ms. */
export function machineMs(): number {
  // The first line of proc_stat(5): user, nice, system, idle, iowait, irq, softirq, and others.
  const [line = ""] = readFileSync("/proc/stat", "latin1").split("\n");
  const ticks = line.split(/ +/).slice(1, 8).map(Number);
  const waiting = (ticks[3] ?? 0) + (ticks[4] ?? 0);
  return (ticks.reduce((sum, one) => sum + one) - waiting) * TICK_MS;
}

/** Memory that is resident, in MiB. */
export function residentMiB(pid: number): number {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, "latin1").split(" ")[1]);
  return (pages * PAGE_BYTES) / 2 ** 20;
}

/** Resolves once it has done nothing for a while, or will not stop. */
export async function idle(pid: number): Promise<void> {
  const deadline = Date.now() + 5000;
  let before = cpuMs(pid);
  for (;;) {
    await wait(150);
    const now = cpuMs(pid);
    if (now - before <= TICK_MS || Date.now() > deadline) return;
    before = now;
  }
}

function stat(pid: number): { name: string; rest: string[] } | undefined {
  try {
    const [, name, rest] = /\((.*)\) (.*)/s.exec(readFileSync(`/proc/${pid}/stat`, "latin1")) ?? [];
    return { name: name ?? "", rest: (rest ?? "").split(" ") };
  } catch {
    return undefined; // it has ended
  }
}
