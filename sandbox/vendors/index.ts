import { amplitude } from "./amplitude.ts";
import { type BigQuery, bigquery } from "./bigquery.ts";
import { ga4 } from "./ga4.ts";
import { googleToken } from "./google-token.ts";
import { heap } from "./heap.ts";
import type { Vendor } from "./vendor.ts";
import { webhook } from "./webhook.ts";

/** The vendors that the sandbox plays, in the order of the page. */
export function vendorsOf(options: { webhookSecret: string; bigquery: BigQuery }): Vendor[] {
  return [
    ga4,
    amplitude,
    heap,
    webhook(options.webhookSecret),
    bigquery(options.bigquery),
    googleToken(options.bigquery.account),
  ];
}
