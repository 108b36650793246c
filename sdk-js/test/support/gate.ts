// A SOCKS5 proxy (RFC 1928) that can hold connections back before their first byte: a slow wire without
// sleeping. On loopback a request wins every race against the page's end; behind a closed gate only
// those arrive that the browser carries on after the page.

import { connect, createServer, type Server, type Socket } from "node:net";

export class Gate {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #closedFor: number | undefined;
  #held: (() => void)[] = [];

  private constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket) => void this.#serve(socket));
  }

  static start(): Promise<Gate> {
    const server = createServer();
    return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(new Gate(server))));
  }

  get proxy(): string {
    return `socks5://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  /** Holds new connections to `port` until `open()`. */
  shut(port: number): void {
    this.#closedFor = port;
  }

  open(): void {
    this.#closedFor = undefined;
    for (const release of this.#held.splice(0)) release();
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  async #serve(socket: Socket): Promise<void> {
    this.#track(socket);
    await once(socket); // the greeting: version, methods
    socket.write(Buffer.from([5, 0])); // no authentication
    const request = await once(socket); // version, command, reserved, address type, address, port
    const port = request.readUInt16BE(request.length - 2);
    if (port === this.#closedFor) await new Promise<void>((release) => this.#held.push(release));
    const onward = connect(port, "127.0.0.1", () => {
      socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0])); // granted
      socket.pipe(onward).pipe(socket);
    });
    this.#track(onward);
    onward.on("close", () => socket.destroy());
    socket.on("close", () => onward.destroy());
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  }
}

function once(socket: Socket): Promise<Buffer> {
  return new Promise((resolve) => socket.once("data", resolve));
}
