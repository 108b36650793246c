// Stands in for Workers Analytics Engine, whose local binding keeps nothing: a Worker with the same method, which remembers
// what it was given. Unlike the real one it is called over RPC, answers, and samples nothing.

/** A data point as Cloudflare's API takes it. */
export interface DataPoint {
  indexes: string[];
  blobs: string[];
  doubles: number[];
}

export const DATASET = "dataset";

/** A GET tells the data points in the order in which they came. */
const SCRIPT = `
import { WorkerEntrypoint } from "cloudflare:workers";
const points = [];
export default class extends WorkerEntrypoint {
  writeDataPoint(point) { points.push(point); }
  fetch() { return Response.json(points); }
}`;

export const datasetWorker = {
  name: DATASET,
  bindings: {},
  compatibilityDate: "2026-11-01",
  modules: [{ type: "ESModule" as const, path: "dataset.js", contents: Buffer.from(SCRIPT) }],
};
