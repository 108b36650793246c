// The Worker's entry: what Rust cannot export, or what costs too much there since every request passes it.
import { DurableObject } from "cloudflare:workers";
import Dispatcher, { Outbox as Shard } from "./build/index.js";
import "../edge/microtask.js";

// The class as such would be wrapped in proxies anew for each request.
const { fetch } = Dispatcher.prototype;

export default {
  fetch: (request, env, ctx) => fetch.call({ env, ctx }, request),
};

/** A shard of the Outbox. A class that Rust exports takes no calls but `fetch` and `alarm`; this one takes `append`, too. */
export class Outbox extends DurableObject {
  #shard;
  /** Payloads that are stored next, together. */
  #waiting = [];
  /** Answers to those, or nothing where none waits. */
  #answers;
  /** Resolves when what is stored is durable. */
  #durable;

  constructor(ctx, env) {
    super(ctx, env);
    this.#shard = new Shard(ctx, env);
  }

  /**
   * Stores a payload. What comes alone is stored at once, and what comes while that becomes durable is stored together.
   * The answer leaves when it is durable: the runtime holds it back until then.
   */
  async append(number, payload) {
    const place = this.#waiting.push(payload) - 1;
    this.#answers ??= this.#store(number);
    return (await this.#answers)[place];
  }

  async #store(number) {
    await this.#durable;
    const payloads = this.#waiting;
    this.#waiting = [];
    this.#answers = undefined;
    const answers = this.#shard.store(number, payloads);
    const durable = this.ctx.storage.sync().then(() => this.#shard.durable());
    // Where it fails, the runtime starts the object anew, and its callers hear of it.
    this.#durable = durable.catch(() => {});
    return answers;
  }

  fetch(request) {
    return this.#shard.fetch(request);
  }

  alarm() {
    return this.#shard.alarm();
  }
}
