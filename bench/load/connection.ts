// One HTTP/1.1 connection with one request at a time, on a bare socket: Node's own client would take more CPU
// than what it measures.

import { connect, type Socket } from "node:net";

const END_OF_HEADERS = "\r\n\r\n";
const END_OF_CHUNKS = "0\r\n\r\n";

/** The status of a whole response at the beginning of `text`; undefined where something is still to come. */
export function status(text: string): number | undefined {
  const end = text.indexOf(END_OF_HEADERS);
  if (end < 0) return undefined;
  const headers = text.slice(0, end);
  const length = /\r\ncontent-length: *(\d+)/i.exec(headers)?.[1];
  const isChunked = !length && /\r\ntransfer-encoding:/i.test(headers);
  const body = text.length - end - END_OF_HEADERS.length;
  const isWhole = isChunked ? text.endsWith(END_OF_CHUNKS) : body >= Number(length ?? 0);
  return isWhole ? Number(text.slice(9, 12)) : undefined;
}

export class Connection {
  readonly #socket: Socket;
  #received = "";
  #answer: ((status: number | undefined) => void) | undefined;

  constructor(port: number) {
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#socket.setEncoding("latin1");
    this.#socket.on("data", (chunk: string) => {
      this.#received += chunk;
      const whole = status(this.#received);
      if (whole !== undefined) this.#settle(whole);
    });
    this.#socket.on("error", () => this.#socket.destroy());
    this.#socket.on("close", () => this.#settle(undefined));
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  /** Sends a request; resolves to the status, or to undefined where the connection ended before. */
  send(request: Buffer): Promise<number | undefined> {
    this.#received = "";
    this.#socket.write(request);
    return new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  #settle(whole: number | undefined): void {
    const answer = this.#answer;
    this.#answer = undefined;
    answer?.(whole);
  }
}
