// Requests as the SDK sends them: the same seed gives the same bytes, but for numbers and times.

import { shortHash } from "../../sdk-js/src/ids.ts";

export interface Shape {
  seed: number;
  /** Events of a request, all of one visitor. */
  events: number;
  /** Distinct visitors, who take turns. */
  visitors: number;
}

/** What stands before an event's number in each vendor's request: digits of eight places follow. */
export const MARK = '"quantity":';
/** Numbers are written from here on, so that they all have eight digits. */
export const FIRST_NUMBER = 10_000_000;

/** Places that are filled in for each request. */
const ID = "@".repeat(12);
const NUMBER = "#".repeat(8);

const WORDS =
  "about after again before blue bring cart carry check colour delivery early every find first gift green " +
  "large later letter light little never often order paper parcel please present quick quiet return second " +
  "small stand store table thank today white window winter write yellow";

interface Template {
  bytes: Buffer;
  /** Where the last twelve digits of an event's id go, event by event; of the payload's id first. */
  ids: number[];
  /** Where its number goes. */
  numbers: number[];
}

export class Requests {
  readonly #templates: Template[];
  readonly #events: number;

  constructor({ seed, events, visitors }: Shape, host: string, now: number) {
    const random = mulberry32(seed);
    this.#events = events;
    this.#templates = Array.from({ length: visitors }, () => template(random, events, host, now));
  }

  /** The bytes of request `index`, which holds the events from `index * events` on. */
  at(index: number): Buffer {
    const { bytes, ids, numbers } = this.#templates[index % this.#templates.length] as Template;
    const request = Buffer.from(bytes);
    const first = index * this.#events;
    // The payload's id is that of its first event.
    request.write(hex(first), ids[0] as number, "latin1");
    for (let i = 0; i < this.#events; i++) {
      request.write(hex(first + i), ids[i + 1] as number, "latin1");
      request.write(String(FIRST_NUMBER + first + i), numbers[i] as number, "latin1");
    }
    return request;
  }
}

function template(random: () => number, events: number, host: string, now: number): Template {
  const hexes = (length: number) =>
    Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join("");
  const id = `${hexes(8)}-${hexes(4)}-4${hexes(3)}-a${hexes(3)}-${ID}`;
  const deviceId = id.replace(ID, hexes(12));
  const userId = `user-${hexes(8)}`;
  const batch = Array.from({ length: events }, () => event(random, { id, deviceId, userId, now }));
  const json = events === 1 ? JSON.stringify(batch[0]) : JSON.stringify({ batch });
  const body = json.replaceAll(`"${NUMBER}"`, NUMBER);
  const address = `203.0.113.${Math.floor(random() * 256)}`;
  const text = [
    `POST /e?id=${id}&k=${shortHash(deviceId)}&sentAt=${now} HTTP/1.1`,
    `host: ${host}`,
    "connection: keep-alive",
    "user-agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "content-type: text/plain;charset=UTF-8",
    "accept: */*",
    "origin: http://localhost:8788",
    "referer: http://localhost:8788/",
    "accept-encoding: gzip, deflate, br, zstd",
    "accept-language: en-GB,en;q=0.9,de;q=0.8",
    `cf-connecting-ip: ${address}`,
    `content-length: ${body.length}`,
    "",
    body,
  ].join("\r\n");
  return {
    bytes: Buffer.from(text, "latin1"),
    ids: places(text, ID),
    numbers: places(text, NUMBER),
  };
}

/** An event of about 1.4 kB. Of its values the allowlist drops none, so that every byte has its way to go. */
function event(
  random: () => number,
  { id, deviceId, userId, now }: { id: string; deviceId: string; userId: string; now: number },
) {
  return {
    event: "purchase product",
    deviceId,
    userId,
    sessionId: String(now - 60_000),
    eventId: id,
    timestamp: now,
    context: {
      url: "https://shop.example/products/workers?utm_source=newsletter&utm_medium=email&utm_campaign=autumn",
      referrer: "https://search.example/",
      title: prose(random, 220),
      locale: "en-GB",
      screen: "1920x1080",
    },
    properties: {
      entry: prose(random, 60),
      productName: prose(random, 100),
      price: 1 + Math.floor(random() * 10_000) / 100,
      quantity: NUMBER,
      currency: "EUR",
      note: prose(random, 495),
    },
  };
}

/** Words, `length` characters of them. */
function prose(random: () => number, length: number): string {
  const words = WORDS.split(" ");
  let text = "";
  while (text.length < length) text += `${words[Math.floor(random() * words.length)]} `;
  return text.slice(0, length - 1).concat(".");
}

function places(text: string, what: string): number[] {
  const found = [];
  for (let at = text.indexOf(what); at >= 0; at = text.indexOf(what, at + what.length)) {
    found.push(at);
  }
  return found;
}

function hex(number: number): string {
  return number.toString(16).padStart(12, "0");
}

/** A small seeded generator of numbers from 0 to 1: https://github.com/cprosche/mulberry32 */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
