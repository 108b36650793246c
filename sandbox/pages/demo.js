// The demo page: calls the SDK as a product would, and shows what that sent.

const purchase = { entry: "billing", productName: "workers", price: 20 };
const note = "mail me at ada@example.com, card 4111 1111 1111 1111";

const actions = {
  pageview: () => sparrow.pageview(),
  purchase: () => sparrow.track("purchase product", { ...purchase, note }),
  extra: () => sparrow.track("purchase product", { ...purchase, coupon: "SPRING" }),
  secret: () => sparrow.track("secret experiment", { variant: "b" }),
  identify: () => sparrow.identify("user-42"),
  reset: () => sparrow.reset(),
};

/** Requests that the list holds; the oldest go. */
const SHOWN = 20;

/** Where the answer to the call of the pressed button is said. */
let output;

const { sparrow } = window;
document.getElementById("missing").hidden = sparrow !== undefined;
for (const button of document.querySelectorAll("[data-action]")) {
  button.disabled = sparrow === undefined;
  button.addEventListener("click", () => {
    output = button.nextElementSibling;
    output.textContent = "done";
    actions[button.dataset.action]();
  });
}

// Listening in on fetch is for this page's list alone: the SDK itself changes no function of the page.
const ask = window.fetch;
window.fetch = (url, init) => {
  const answer = ask(url, init);
  showAnswer(answer, showRequest(new URL(url), init.body), output);
  return answer;
};

function showRequest({ pathname, search }, body) {
  document.getElementById("nothing").hidden = true;
  const item = document.getElementById("request").content.firstElementChild.cloneNode(true);
  item.querySelector(".path").textContent = `POST ${pathname}${search}`;
  item.querySelector(".path").title = search;
  item.querySelector("time").textContent = new Date().toLocaleTimeString([], { hour12: false });
  item.querySelector("pre").textContent = JSON.stringify(JSON.parse(body), null, 2);
  const list = document.getElementById("sent");
  list.prepend(item);
  if (list.children.length > SHOWN) list.lastElementChild.remove();
  return item.querySelector(".status");
}

async function showAnswer(answer, status, output) {
  output.textContent = "sending …";
  try {
    const response = await answer;
    status.textContent = response.status;
    status.className = `status ${response.ok ? "good" : "bad"}`;
    output.textContent = `answered ${response.status}`;
  } catch {
    status.textContent = "no answer";
    status.className = "status bad";
    output.textContent = "no answer";
  }
}
