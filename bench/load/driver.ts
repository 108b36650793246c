// The senders, a process of its own.

import { setTimeout as wait } from "node:timers/promises";
import { serve } from "../child.ts";
import { monotonic } from "../clock.ts";
import { Requests, type Shape } from "./bodies.ts";
import { Connection } from "./connection.ts";

export type Pace =
  /** Requests per second whatever the answers do, over as many connections as that takes. */
  | { rate: number }
  /** Each connection sends its next request when the last one is answered. */
  | { connections: number };

export type Question =
  | { do: "aim"; port: number; shape: Shape }
  | { do: "send"; seconds: number; pace: Pace };

/** What was sent, request by request. Times are those of `monotonic`. */
export interface Sent {
  /** Number of the first request; event numbers follow from it. */
  first: number;
  sentAt: Float64Array;
  /** When the 200 was there; 0 where it did not come. */
  acceptedAt: Float64Array;
  /** Answers by status; `failed` where the connection ended without one. */
  statuses: Record<string, number>;
  /** Connections opened. */
  connections: number;
  /** CPU time of this process, in ms. */
  cpuMs: number;
}

/** Pause after a connection that failed, in ms: something that refuses connections is not asked in a loop. */
const AFTER_FAILURE_MS = 10;

class Driver {
  readonly #requests: Requests;
  readonly #port: number;
  #next = 0;
  #idle: Connection[] = [];
  #connections = 0;

  constructor(port: number, shape: Shape) {
    this.#port = port;
    this.#requests = new Requests(shape, `127.0.0.1:${port}`, Date.now());
  }

  async send(seconds: number, pace: Pace): Promise<Sent> {
    const first = this.#next;
    this.#connections = 0;
    const sentAt: number[] = [];
    const acceptedAt: number[] = [];
    const statuses: Record<string, number> = {};
    const cpu = process.cpuUsage();

    const sendOne = async (): Promise<void> => {
      const index = sentAt.length;
      const request = this.#requests.at(this.#next++);
      sentAt.push(monotonic());
      acceptedAt.push(0);
      const status = await this.#exchange(request);
      if (status === 200) acceptedAt[index] = monotonic();
      const kind = status ?? "failed";
      statuses[kind] = (statuses[kind] ?? 0) + 1;
      if (status === undefined) await wait(AFTER_FAILURE_MS);
    };

    const end = monotonic() + seconds * 1000;
    await ("rate" in pace
      ? paced(pace.rate, end, sendOne)
      : closed(pace.connections, end, sendOne));
    const { user, system } = process.cpuUsage(cpu);
    return {
      first,
      sentAt: Float64Array.from(sentAt),
      acceptedAt: Float64Array.from(acceptedAt),
      statuses,
      connections: this.#connections,
      cpuMs: (user + system) / 1000,
    };
  }

  async #exchange(request: Buffer): Promise<number | undefined> {
    let connection = this.#idle.pop();
    while (connection && !connection.isOpen) connection = this.#idle.pop();
    if (!connection) {
      connection = new Connection(this.#port);
      this.#connections++;
    }
    const status = await connection.send(request);
    if (status !== undefined) this.#idle.push(connection);
    return status;
  }
}

async function paced(rate: number, end: number, sendOne: () => Promise<void>): Promise<void> {
  const start = monotonic();
  const sending: Promise<void>[] = [];
  for (let now = start; now < end; now = monotonic()) {
    const due = Math.floor(((now - start) / 1000) * rate);
    while (sending.length < due) sending.push(sendOne());
    await wait(1);
  }
  await Promise.all(sending);
}

async function closed(
  connections: number,
  end: number,
  sendOne: () => Promise<void>,
): Promise<void> {
  const sender = async () => {
    while (monotonic() < end) await sendOne();
  };
  await Promise.all(Array.from({ length: connections }, sender));
}

let driver: Driver | undefined;

serve<Question>((question) => {
  if (question.do === "aim") driver = new Driver(question.port, question.shape);
  else return driver?.send(question.seconds, question.pace);
});
