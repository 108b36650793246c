// `tools/warehouse-settings.ts staging|production`: what Dispatcher's configuration says of warehouses, NAME=value in lines.
// The command that brings them up to date takes the same names.
import { unstable_readConfig } from "wrangler";

const [env] = process.argv.slice(2);
const { vars } = unstable_readConfig({ config: "wrangler.toml", env });
const isMeant = (name: string) =>
  /^(WAREHOUSE$|BIGQUERY_)|_RETENTION_DAYS$/.test(name) && name !== "BIGQUERY_KEY";
for (const [name, value] of Object.entries(vars)) {
  if (isMeant(name)) console.log(`${name}=${value}`);
}
