// The pages, read at each request so that a change shows on reload.

import { readFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { join } from "node:path";

const PAGES: Record<string, [file: string, type: string]> = {
  "/": ["index.html", "text/html"],
  "/demo": ["demo.html", "text/html"],
  "/sandbox.css": ["sandbox.css", "text/css"],
  "/sandbox.js": ["sandbox.js", "text/javascript"],
  "/demo.js": ["demo.js", "text/javascript"],
  "/icon.svg": ["icon.svg", "image/svg+xml"],
};

/** Serves the page at `path`; false where there is none. `dispatcher` is an origin. */
export async function servePage(
  path: string,
  response: ServerResponse,
  dispatcher: string,
): Promise<boolean> {
  const page = PAGES[path];
  if (!page) return false;
  const [file, type] = page;
  const text = await readFile(join(import.meta.dirname, "pages", file), "utf8");
  response.writeHead(200, {
    "content-type": `${type}; charset=utf-8`,
    "cache-control": "no-store",
    // What the SDK needs of a page's policy is the Dispatcher's origin, twice.
    "content-security-policy":
      `default-src 'none'; script-src 'self' ${dispatcher}; connect-src 'self' ${dispatcher}; ` +
      "style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'",
  });
  response.end(text.replaceAll("{{dispatcher}}", dispatcher));
  return true;
}
