// The script-tag build: sets `window.sparrow` and takes its settings from its own tag.

import { quietly } from "./quietly.ts";
import { identify, init, pageview, reset, type Sparrow, track } from "./sparrow.ts";

declare global {
  interface Window {
    sparrow: Sparrow;
  }
}

quietly(() => {
  window.sparrow = { pageview, track, identify, reset };
  const script = document.currentScript as HTMLScriptElement | null;
  init({
    endpoint: script?.dataset.endpoint ?? new URL("/e", script?.src || location.href).href,
    key: script?.dataset.key,
  });
});
