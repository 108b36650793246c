// Runs the sandbox:  node sandbox/main.ts [--port 8788] [--dispatcher http://127.0.0.1:8787]

import { parseArgs } from "node:util";
import { DISPATCHER, startSandbox } from "./server.ts";
import { WEBHOOK_SECRET } from "./vendors/webhook.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: process.env.SANDBOX_PORT ?? "8788" },
    dispatcher: { type: "string", default: process.env.SANDBOX_DISPATCHER ?? DISPATCHER },
    "webhook-secret": {
      type: "string",
      default: process.env.SANDBOX_WEBHOOK_SECRET ?? WEBHOOK_SECRET,
    },
  },
});

const sandbox = await startSandbox({
  port: Number(values.port),
  dispatcher: values.dispatcher,
  webhookSecret: values["webhook-secret"],
});
console.log(`Sandbox: ${sandbox.url}  demo page: ${sandbox.url}/demo`);

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => void sandbox.close());
}
