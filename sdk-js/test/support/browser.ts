// What every browser test needs: one Chromium, a collector and a site for the file, and for each test a
// page with a profile of its own that must not have seen an uncaught error.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach } from "node:test";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { launch } from "../../../e2e/support/chromium.ts";
import { type Collector, type Site, startCollector, startSite } from "./servers.ts";

export interface Stage {
  browser: Browser;
  context: BrowserContext;
  page: Page;
  collector: Collector;
  site: Site;
  /** Uncaught errors, unhandled rejections and console messages of `page`. */
  complaints: string[];
}

/** Sets the stage for the tests of a file. Host names under `.test` lead to the local servers. */
export function stage(): Stage {
  const stage = {} as Stage;
  before(async () => {
    stage.browser = await launch(["--host-resolver-rules=MAP *.test 127.0.0.1"]);
    stage.site = await startSite();
  });
  beforeEach(async () => {
    stage.collector = await startCollector();
    stage.context = await stage.browser.newContext({
      locale: "en-GB",
      screen: { width: 1920, height: 1080 },
    });
    stage.page = await stage.context.newPage();
    stage.complaints = [];
    stage.page.on("pageerror", (error) => stage.complaints.push(String(error)));
    stage.page.on("console", (message) => stage.complaints.push(message.text()));
  });
  afterEach(async () => {
    await stage.context.close();
    await stage.collector.close();
  });
  after(async () => {
    await stage.browser.close();
    await stage.site.close();
  });
  return stage;
}

export function assertNoComplaints(stage: Stage): void {
  assert.deepEqual(stage.complaints, []);
}
