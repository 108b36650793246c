// The Worker's entry. A class that Rust exports takes no calls but `fetch` and `alarm`; this one passes on `append`,
// too, which costs a fraction of a request (https://developers.cloudflare.com/workers/runtime-apis/rpc/).
import { DurableObject } from "cloudflare:workers";
import Dispatcher, { Outbox as Shard } from "./build/index.js";

export default Dispatcher;

export class Outbox extends DurableObject {
  #shard;

  constructor(ctx, env) {
    super(ctx, env);
    this.#shard = new Shard(ctx, env);
  }

  append(number, head, data) {
    return this.#shard.append(number, head, data);
  }

  fetch(request) {
    return this.#shard.fetch(request);
  }

  alarm() {
    return this.#shard.alarm();
  }
}
