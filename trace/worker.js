// The Worker's entry.
import Trace from "./build/index.js";
import "../edge/microtask.js";

// The class as such would be wrapped in proxies anew for each request.
const { fetch } = Trace.prototype;

export default {
  fetch: (request, env, ctx) => fetch.call({ env, ctx }, request),
};
