// The board. What comes from events reaches the page as text only, never as HTML.

/** The modes, with what the buttons say. */
const MODES = { ok: "OK", slow: "Slow", error: "Error", hang: "Hang", cut: "Cut" };

/** Requests that a column shows; the oldest go. */
const SHOWN = 100;
/** Events that a request shows at once; the others unfold. */
const EVENTS_SHOWN = 3;

const columns = new Map();
const state = document.getElementById("state");

document.getElementById("clear").addEventListener("click", () => {
  fetch("/api/requests", { method: "DELETE" });
});

const live = new EventSource("/api/live");
live.addEventListener("error", () => {
  state.textContent = "The sandbox does not answer. Trying again …";
  state.className = "muted";
});
live.addEventListener("clear", () => {
  state.textContent = "Live";
  state.className = "muted live";
  for (const column of columns.values()) column.clear();
});
live.addEventListener("vendors", ({ data }) => {
  for (const vendor of JSON.parse(data)) {
    if (!columns.has(vendor.name)) columns.set(vendor.name, makeColumn(vendor));
    columns.get(vendor.name).showBehaviour(vendor);
  }
});
live.addEventListener("request", ({ data }) => {
  const { request, open } = JSON.parse(data);
  columns.get(request.vendor).showRequest(request);
  for (const [vendor, column] of columns) column.showOpen(open.now[vendor], open.most[vendor]);
});

function makeColumn({ name, title }) {
  const root = clone("vendor");
  const list = root.querySelector(".requests");
  const cards = new Map();
  root.setAttribute("aria-label", title);
  root.querySelector("h2").textContent = title;
  const modes = root.querySelector(".modes");
  modes.setAttribute("aria-label", `How ${title} behaves`);
  for (const [mode, label] of Object.entries(MODES)) {
    const button = element("button", label);
    button.type = "button";
    button.value = mode;
    button.addEventListener("click", () => {
      fetch(`/control/${name}`, { method: "PUT", body: JSON.stringify({ mode }) });
    });
    modes.append(button);
  }
  document.getElementById("vendors").append(root);

  return {
    clear() {
      cards.clear();
      list.replaceChildren();
      root.querySelector(".counts").textContent = "";
    },
    showBehaviour(behaviour) {
      for (const button of modes.children) {
        button.setAttribute("aria-pressed", String(button.value === behaviour.mode));
      }
      root.querySelector(".behaviour").textContent = describe(behaviour);
    },
    showOpen(now, most) {
      root.querySelector(".counts").textContent = `open: ${now} now, ${most} at most`;
    },
    showRequest(request) {
      const known = cards.get(request.seq);
      if (known) return known(request);
      const { card, show } = makeCard(request);
      cards.set(request.seq, show);
      list.prepend(card);
      show(request);
      if (list.children.length > SHOWN) {
        list.lastElementChild.remove();
        cards.delete(cards.keys().next().value);
      }
    },
  };
}

function makeCard({ seq }) {
  const card = clone("request");
  const raw = card.querySelector(".raw");
  raw.addEventListener("toggle", async () => {
    if (raw.open) raw.querySelector("pre").textContent = await rawText(seq);
  });
  const show = (request) => {
    const status = card.querySelector(".status");
    status.textContent = request.status ?? request.outcome;
    status.className = `status ${toneOf(request)}`;
    card.querySelector(".path").textContent = request.path;
    card.querySelector(".path").title = request.path;
    card.querySelector("time").textContent = timing(request);
    card
      .querySelector(".remarks")
      .replaceChildren(...request.remarks.map((remark) => element("li", remark)));
    card.querySelector(".events").replaceChildren(...eventElements(request));
  };
  return { card, show };
}

function eventElements({ events, eventCount }) {
  const elements = events.map(eventElement);
  if (elements.length <= EVENTS_SHOWN) return elements;
  const more = element("details");
  more.className = "more";
  more.append(element("summary", `${eventCount - EVENTS_SHOWN} more events`));
  more.append(...elements.slice(EVENTS_SHOWN));
  const unsent = eventCount - events.length;
  if (unsent > 0) more.append(element("p", `${unsent} more stand in the raw request.`));
  return [...elements.slice(0, EVENTS_SHOWN), more];
}

function eventElement({ name, properties }) {
  const root = element("div");
  root.className = "event";
  const list = element("dl");
  for (const [property, value] of Object.entries(properties)) {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    list.append(element("dt", property), element("dd", text));
  }
  root.append(element("h3", name), list);
  return root;
}

/** The request as it came, from the sandbox's account of it. */
async function rawText(seq) {
  const response = await fetch(`/api/requests/${seq}`);
  if (!response.ok) return "The sandbox has dropped this request.";
  const { method, path, query, headers, body } = await response.json();
  const search = new URLSearchParams(query).toString();
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`${method} ${path}${search && `?${search}`}`, ...lines, "", body].join("\n");
}

function describe({ mode, delayMs, status, times }) {
  const what = {
    ok: "Answers as the vendor does.",
    slow: `Answers as the vendor does, after ${delayMs / 1000} s.`,
    error: `Answers ${status}${delayMs ? ` after ${delayMs / 1000} s` : ""}.`,
    hang: "Does not answer.",
    cut: "Reads the request and cuts the connection.",
  }[mode];
  return times === undefined ? what : `${what} For ${times} more, then OK.`;
}

function toneOf({ outcome, status }) {
  if (outcome === "open") return "waiting";
  return status !== null && status < 300 ? "good" : "bad";
}

function timing({ receivedAt, endedAt }) {
  const time = new Date(receivedAt).toLocaleTimeString([], { hour12: false });
  return endedAt === null ? time : `${time} · ${endedAt - receivedAt} ms`;
}

function clone(template) {
  return document.getElementById(template).content.firstElementChild.cloneNode(true);
}

function element(name, text = "") {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}
