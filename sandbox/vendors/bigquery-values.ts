// What a column takes from `tabledata.insertAll`, and what Google says of a value that it does not take.
// https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types

/** Types that the tables here may have; the second name of each is that of legacy SQL. */
export const TYPES: Record<string, (value: unknown) => boolean> = {
  STRING: (value) => typeof value === "string" || typeof value === "number",
  INT64: isInteger,
  INTEGER: isInteger,
  FLOAT64: isFloat,
  FLOAT: isFloat,
  BOOL: isBoolean,
  BOOLEAN: isBoolean,
  TIMESTAMP: (value) => timeOf("TIMESTAMP", value) !== undefined,
  DATE: (value) => timeOf("DATE", value) !== undefined,
};

const DAY_MS = 24 * 60 * 60 * 1000;

/** From the first to the last moment of a TIMESTAMP, in ms. */
const FIRST = Date.parse("0001-01-01T00:00:00Z");
const LAST = Date.parse("9999-12-31T23:59:59.999Z");

const DATE = /^(\d{4})-(\d{1,2})-(\d{1,2})$/;
const TIMESTAMP =
  /^(\d{4}-\d{1,2}-\d{1,2})(?:[ T](\d{1,2}):(\d{1,2})(?::(\d{1,2}(?:\.\d{1,6})?))?)? ?(Z|UTC|[+-]\d{1,2}:\d\d)?$/i;

/** A moment in ms, of a `TIMESTAMP` or a `DATE`; undefined for what is none. */
export function timeOf(type: string, value: unknown): number | undefined {
  const ms = read(type, value);
  return ms !== undefined && ms >= FIRST && ms <= LAST ? ms : undefined;
}

function read(type: string, value: unknown): number | undefined {
  // A number is seconds since 1970: one in ms is out of range.
  if (type === "TIMESTAMP" && typeof value === "number") return value * 1000;
  if (typeof value !== "string") return undefined;
  return type === "DATE" ? dayOf(value) : momentOf(value);
}

/**
 * Whether rows may be streamed into the partition of that moment.
 * https://cloud.google.com/bigquery/docs/streaming-data-into-bigquery#time-unit_column_partitioning
 */
export function isOpenPartition(ms: number, now: number): boolean {
  return ms >= now - 3650 * DAY_MS && ms <= now + 366 * DAY_MS;
}

function dayOf(text: string): number | undefined {
  const [, year, month, day] = DATE.exec(text)?.map(Number) ?? [];
  if (year === undefined || month === undefined || day === undefined) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day ? date.getTime() : undefined;
}

function momentOf(text: string): number | undefined {
  const [, date, hours = "0", minutes = "0", seconds = "0", zone = "Z"] =
    TIMESTAMP.exec(text) ?? [];
  const day = date === undefined ? undefined : dayOf(date);
  if (day === undefined) return undefined;
  const [h, m, s] = [Number(hours), Number(minutes), Number(seconds)];
  if (h > 23 || m > 59 || s >= 60) return undefined;
  const [, sign, zoneHours, zoneMinutes] = /^([+-])(\d+):(\d+)$/.exec(zone) ?? [];
  const offset = (Number(zoneHours ?? 0) * 60 + Number(zoneMinutes ?? 0)) * (sign === "-" ? -1 : 1);
  return day + ((h * 60 + m - offset) * 60 + s) * 1000;
}

function isInteger(value: unknown): boolean {
  if (typeof value === "number") return Number.isSafeInteger(value);
  if (typeof value !== "string" || !/^-?\d{1,19}$/.test(value)) return false;
  return BigInt.asIntN(64, BigInt(value)) === BigInt(value);
}

function isFloat(value: unknown): boolean {
  if (typeof value === "number") return true;
  return (
    typeof value === "string" && /^(NaN|[+-]?(inf(inity)?|\d+(\.\d*)?(e[+-]?\d+)?))$/i.test(value)
  );
}

function isBoolean(value: unknown): boolean {
  return typeof value === "boolean" || (typeof value === "string" && /^(true|false)$/i.test(value));
}
