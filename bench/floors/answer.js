// The lower floor: what it costs to answer a request at all.

export default {
  fetch: () => new Response("OK"),
};
