// The tracker: loaded by the pages of a product, it reports who uses what there. How to set it up is told in
// docs/tracker.md. Of the page it wants nothing but its own script element.
(() => {
  "use strict";
  const usage = (window.usage ??= {});
  // Loaded already. Until then there are at most the calls that wait for it.
  if (usage.track && !usage.calls) return;

  const MINUTE = 60_000;
  /** How long events wait for others to go along, in milliseconds. */
  const DELAY = 1_000;
  /** How many events go at once: about 25 KB of the 64 that a page may send while it goes away. */
  const BATCH = 100;
  /** How many events are kept at most; the oldest go first. */
  const CAPACITY = 1_000;
  /** Where the session keeps what is unsent. */
  const STORAGE = "usage-monitor";

  // A module is never the current script, but may have an element all the same.
  const script = document.currentScript ?? document.querySelector("script[src*='/usage.js']");
  if (!script) throw new Error("usage.js must be loaded by a script element");
  const { key, account, accountName, user, userName } = script.dataset;
  const address = new URL("api/v1/events", script.src);
  if (key) address.searchParams.set("key", key);

  const who = {};
  let { module } = script.dataset;
  let unsent = [];
  let sending = false;
  let failures = 0;
  let timer;
  let lastSeen;

  const isKnown = (parties) => parties.account && parties.user;
  const sendable = () => unsent.filter(isKnown).slice(0, BATCH);
  const forget = (events) => (unsent = unsent.filter((event) => !events.includes(event)));

  // Text, and the key in the address: so the browser need not ask the server first whether it may send, which a page
  // that goes away could not wait for.
  const request = (events) => JSON.stringify({ sent_at: new Date(), events });
  const post = (body, options) => fetch(address, { method: "POST", body, credentials: "omit", ...options });

  const schedule = (delay) => {
    if (!timer && !sending && sendable().length) timer = setTimeout(send, delay);
  };

  const send = async () => {
    clearTimeout(timer);
    timer = 0;
    const events = sendable();
    if (sending || !events.length) return;
    sending = true;
    // An answer that never comes must not hold up the rest for ever.
    const answer = await post(request(events), { signal: AbortSignal.timeout?.(MINUTE / 2) }).catch(() => {});
    sending = false;
    if (!answer || answer.status > 499 || [408, 429].includes(answer.status)) {
      const seconds = Number(answer?.headers.get("retry-after")) || Math.min(60, 2 ** failures);
      failures += 1;
      // Spread, so that pages which lost the server together don't come back together.
      schedule(seconds * 1_000 * (1 + Math.random()));
    } else {
      // Stored, or of no use to the server however often it is sent.
      failures = 0;
      forget(events);
      schedule(DELAY);
    }
  };

  const add = (event) => {
    const id = crypto.getRandomValues(new Uint32Array(4)).join("-");
    unsent.push({ id, time: new Date(), ...event, ...(isKnown(who) && who) });
    unsent = unsent.slice(-CAPACITY);
    schedule(DELAY);
  };

  const beat = () => {
    const isThere = document.visibilityState === "visible" && Date.now() - lastSeen < MINUTE;
    if (isThere && module && isKnown(who)) add({ kind: "heartbeat", module });
  };

  // A page that is hidden may never be seen again.
  const leave = () => {
    const events = sendable();
    if (events.length) {
      const body = request(events);
      const isTaken = navigator.sendBeacon?.(address, body);
      if (!isTaken) post(body, { keepalive: true }).catch(() => {});
      // What became of it nobody tells. Where it may be lost the next page sends it again, which does no harm.
      if (isTaken && navigator.onLine && !failures) forget(events);
    }
    try {
      sessionStorage.setItem(STORAGE, JSON.stringify(unsent));
    } catch {
      // A browser that keeps nothing loses what is unsent with the page.
    }
  };

  try {
    unsent = JSON.parse(sessionStorage.getItem(STORAGE)) ?? [];
  } catch {
    // As above.
  }
  // What the page before could not deliver is on trial until there is an answer.
  if (unsent.length) failures = 1;

  const { calls = [] } = usage;
  delete usage.calls;
  // What is no text is made one: an object of the page's own may not even be JSON.
  const text = (value) => value && String(value);
  const party = (given) => given && { id: text(given.id ?? given), name: text(given.name) };
  usage.identify = (parties) => {
    for (const role of ["account", "user"]) if (role in Object(parties)) who[role] = party(parties[role]);
    if (isKnown(who)) unsent = unsent.map((event) => (isKnown(event) ? event : { ...event, ...who }));
    schedule(DELAY);
  };
  usage.track = (area, action, count = 1) => {
    module = text(area);
    add({ module, action: text(action), count: Number(count) });
  };

  const named = (id, name) => id && { id, name };
  usage.identify({ account: named(account, accountName), user: named(user, userName) });
  for (const [name, ...values] of calls) usage[name](...values);

  for (const act of ["pointerdown", "pointermove", "keydown", "scroll", "touchstart"]) {
    addEventListener(act, () => (lastSeen = Date.now()), { capture: true, passive: true });
  }
  setInterval(beat, MINUTE);
  addEventListener("online", send);
  addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && leave());
})();
