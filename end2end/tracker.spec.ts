import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import type { Page, Route } from "@playwright/test";
import { expect, test as base } from "./fixtures";
import { Product } from "./product";
import type { UsageEvent } from "./server";

/** What a product's page sends. */
class Traffic {
  /** The batches so far. */
  readonly batches: UsageEvent[][] = [];

  private constructor(private readonly page: Page) {
    page.on("request", (request) => {
      if (EVENTS.test(request.url())) this.batches.push((request.postDataJSON() as { events: UsageEvent[] }).events);
    });
  }

  static async of(page: Page): Promise<Traffic> {
    await page.addInitScript(() => {
      const ask = window.fetch.bind(window);
      window.unanswered = 0;
      window.fetch = (...what) => {
        window.unanswered += 1;
        return ask(...what).finally(() => (window.unanswered -= 1));
      };
    });
    return new Traffic(page);
  }

  get heartbeats(): UsageEvent[] {
    return this.batches.flat().filter(({ kind }) => kind === "heartbeat");
  }

  get activities(): UsageEvent[] {
    return this.batches.flat().filter(({ kind }) => kind === undefined);
  }

  /** Lets time stand still on the page until it is passed. */
  async pause(): Promise<void> {
    await this.page.clock.pauseAt(new Date((await this.page.evaluate(() => Date.now())) + 1_000));
  }

  /** Lets time pass on the page, no faster than it is answered. */
  async pass(seconds: number): Promise<void> {
    for (let left = seconds; left > 0; left -= 10) {
      await this.page.clock.runFor(Math.min(left, 10) * 1_000);
      await expect.poll(() => this.page.evaluate(() => window.unanswered)).toBe(0);
    }
  }
}

interface Fixtures {
  /** A product on another origin than the server, with a strict policy. */
  product: Product;
  traffic: Traffic;
}

const test = base.extend<Fixtures>({
  product: async ({ server, complaints }, use) => {
    const key = await server.key();
    const src = `src="${server.origin}/usage.js" data-key="${key}"`;
    const lisa = `data-user="lisa" data-user-name="Lisa Ray"`;
    const acme = `data-account="acme" data-account-name="Acme Inc"`;
    const page = (rest: string) => `<!doctype html><title>Product</title><button>Export</button>${rest}`;
    const product = await Product.start(server.origin, {
      "/": page(`<script ${src} ${acme} ${lisa}></script><script src="/plain.js"></script>`),
      "/board": page(`<script ${src} ${acme} ${lisa} data-module="Board"></script>`),
      "/login": page(`<script ${src}></script><script src="/plain.js"></script>`),
      "/app": page(`<script type="module" src="/app.js"></script>`),
      "/plain.js": `document.querySelector("button").onclick = () => usage.track("Dashboard", "Export", 3);`,
      "/app.js": `
        const calls = [];
        const usage = (window.usage ??= {
          calls,
          identify: (...values) => calls.push(["identify", ...values]),
          track: (...values) => calls.push(["track", ...values]),
        });
        usage.track("Report", "Open");
        usage.identify({ account: { id: 7, name: "Seven", owner: window }, user: "tom" });
        usage.track("Report", "Print", 2);
        const script = document.createElement("script");
        script.src = "${server.origin}/usage.js";
        script.dataset.key = "${key}";
        document.head.append(script);
        document.querySelector("button").onclick = () => usage.track("Report", "Export");`,
    });
    complaints.allow(new RegExp(`^another host: ${product.origin}/`));
    await use(product);
    await product.stop();
  },
  traffic: async ({ page }, use) => use(await Traffic.of(page)),
});

const EVENTS = /\/api\/v1\/events(\?|$)/;

const click = (page: Page) => page.getByRole("button", { name: "Export" }).click();

const EXPORTED = "Acme Inc · Lisa Ray · Dashboard · 3 × Export";

/** An answer that a page of another origin may read. */
const answer = (status: number, headers = {}) => ({
  status,
  headers: { "access-control-allow-origin": "*", "access-control-expose-headers": "retry-after", ...headers },
});

test("what a page tracks shows with the names of who did it", async ({ product, page, today, server }) => {
  await page.goto(product.origin);
  await click(page);
  await expect.poll(() => server.stream()).toEqual([EXPORTED]);
  await today.open();
  const entry = today.entry("Lisa Ray");
  await expect(entry.count).toContainText("3");
  await expect(entry.entry).toContainText("Acme Inc");
  await expect(entry.what).toContainText("Export");
});

test("a module app's calls before the tracker is there are kept", async ({ product, page, server }) => {
  await page.goto(`${product.origin}/app`);
  await expect.poll(() => server.stream()).toEqual(["Seven · tom · Report · 1 × Open · 2 × Print"]);
  await click(page);
  await expect.poll(() => server.stream()).toEqual(["Seven · tom · Report · 1 × Export · 1 × Open · 2 × Print"]);
});

test("what nobody did waits for who it was; after that it is another's", async ({
  product,
  page,
  traffic,
  server,
}) => {
  const identify = (account: string | null, user: string | null) =>
    page.evaluate((who) => window.usage.identify(who), { account, user });
  await page.goto(`${product.origin}/login`);
  await click(page);
  await traffic.pass(70);
  expect(traffic.batches).toEqual([]);
  await identify("acme", "lisa");
  await click(page);
  await identify(null, null);
  await click(page);
  await expect.poll(() => server.stream()).toEqual(["acme · lisa · Dashboard · 6 × Export"]);
  await identify("acme", "tom");
  await expect.poll(() => server.stream()).toContain("acme · tom · Dashboard · 3 × Export");
});

test("heartbeats come each minute while the page is seen and used", async ({ product, page, traffic, server }) => {
  const show = (state: "hidden" | "visible") =>
    page.evaluate((state) => {
      Object.defineProperty(document, "visibilityState", { configurable: true, value: state });
      document.dispatchEvent(new Event("visibilitychange"));
    }, state);
  await page.goto(`${product.origin}/board`);
  await traffic.pause();
  await traffic.pass(120);
  expect(traffic.heartbeats).toEqual([]);

  await page.mouse.move(10, 10);
  await traffic.pass(60);
  await page.keyboard.press("Tab");
  await traffic.pass(240);
  expect(traffic.heartbeats).toHaveLength(2);
  expect(traffic.heartbeats[0]).toMatchObject({ module: "Board", account: { id: "acme" }, user: { id: "lisa" } });

  await show("hidden");
  await page.mouse.move(20, 20);
  await traffic.pass(60);
  await show("visible");
  await traffic.pass(10);
  expect(traffic.heartbeats).toHaveLength(2);

  await page.mouse.move(30, 30);
  await traffic.pass(60);
  expect(traffic.heartbeats).toHaveLength(3);
  await server.tick();
  const today = await server.get<{ users_online: { value: number } }>("/api/v1/today");
  expect(today.users_online.value).toBe(1);
  expect(await server.stream()).toEqual([]);
});

test("without a module there is no heartbeat; what was tracked last names it", async ({ product, page, traffic }) => {
  await page.goto(product.origin);
  await traffic.pause();
  await page.mouse.move(10, 10);
  await traffic.pass(70);
  expect(traffic.batches).toEqual([]);
  await click(page);
  await traffic.pass(70);
  expect(traffic.activities).toHaveLength(1);
  expect(traffic.heartbeats.map(({ module }) => module)).toEqual(["Dashboard"]);
});

test("offline it keeps what happens, online it delivers it once", async ({
  product,
  page,
  context,
  traffic,
  server,
  complaints,
}) => {
  complaints.allow(/ERR_INTERNET_DISCONNECTED/);
  await page.goto(product.origin);
  await context.setOffline(true);
  await click(page);
  await traffic.pass(300);
  expect(traffic.activities.length).toBeGreaterThan(3);
  expect(await server.stream()).toEqual([]);
  await context.setOffline(false);
  await expect.poll(() => server.stream()).toEqual([EXPORTED]);
  const times = traffic.activities.length;
  await traffic.pass(300);
  expect(traffic.activities).toHaveLength(times);
});

test("an answer that was lost is asked for again, and counts once", async ({
  product,
  page,
  traffic,
  server,
  complaints,
}) => {
  complaints.allow(/ERR_CONNECTION_RESET/);
  const lose = async (route: Route) => {
    await route.fetch();
    await route.abort("connectionreset");
  };
  await page.route(EVENTS, lose, { times: 1 });
  await page.goto(product.origin);
  await click(page);
  await expect.poll(() => server.stream()).toEqual([EXPORTED]);
  await traffic.pass(10);
  expect(traffic.activities).toHaveLength(2);
  expect(await server.stream()).toEqual([EXPORTED]);
});

test("a server in trouble is left alone as long as it asks for", async ({
  product,
  page,
  traffic,
  server,
  complaints,
}) => {
  complaints.allow(/status of (429|503)/);
  const answers = [answer(503, { "retry-after": "40" }), answer(429)];
  await page.route(EVENTS, (route) => route.fulfill(answers.shift()), { times: 2 });
  await page.goto(`${product.origin}/`);
  await traffic.pause();
  await click(page);
  await traffic.pass(2);
  expect(traffic.batches).toHaveLength(1);
  await click(page);
  await traffic.pass(38);
  expect(traffic.batches).toHaveLength(1);
  await traffic.pass(100);
  expect(traffic.activities.map(({ count }) => count)).toEqual([3, 3, 3, 3, 3]);
  expect(await server.stream()).toEqual(["Acme Inc · Lisa Ray · Dashboard · 6 × Export"]);
});

test("what the server refuses is not sent again", async ({ product, page, traffic, server, complaints }) => {
  complaints.allow(/status of 401/);
  await page.route(EVENTS, (route) => route.fulfill(answer(401)), { times: 1 });
  await page.goto(product.origin);
  await click(page);
  await traffic.pass(200);
  expect(traffic.activities).toHaveLength(1);
  expect(await server.stream()).toEqual([]);
  await click(page);
  await expect.poll(() => server.stream()).toEqual([EXPORTED]);
});

test("a page that is left delivers by beacon", async ({ product, page, traffic, server }) => {
  await page.addInitScript(() => {
    const send = navigator.sendBeacon.bind(navigator);
    navigator.sendBeacon = (...what) => {
      sessionStorage.setItem("beacons", `${Number(sessionStorage.getItem("beacons")) + 1}`);
      return send(...what);
    };
  });
  await page.goto(product.origin);
  await traffic.pause();
  await click(page);
  await page.goto(`${product.origin}/board`);
  await expect.poll(() => server.stream()).toEqual([EXPORTED]);
  expect(await page.evaluate(() => sessionStorage.getItem("beacons"))).toBe("1");
  await traffic.pass(10);
  expect(traffic.batches, "fetched").toEqual([]);
});

test("where the browser has no beacons a page that is left delivers all the same", async ({
  product,
  page,
  traffic,
  server,
}) => {
  await page.addInitScript(() => Object.defineProperty(navigator, "sendBeacon", { value: undefined }));
  await page.goto(product.origin);
  await traffic.pause();
  await click(page);
  await page.goto("about:blank");
  await expect.poll(() => server.stream()).toEqual([EXPORTED]);
});

test("it works on pages without HTTPS", async ({ product, server, playwright, launchOptions }) => {
  const args = [...(launchOptions.args ?? []), "--host-resolver-rules=MAP product.test 127.0.0.1"];
  const browser = await playwright.chromium.launch({ ...launchOptions, args });
  const page = await browser.newPage();
  await page.goto(product.origin.replace("127.0.0.1", "product.test"));
  expect(await page.evaluate(() => window.isSecureContext)).toBe(false);
  await click(page);
  await page.goto("about:blank");
  await expect.poll(() => server.stream()).toEqual([EXPORTED]);
  await browser.close();
});

test("what may be lost goes along to the next page", async ({ product, page, traffic, server, complaints }) => {
  complaints.allow(/ERR_CONNECTION_REFUSED/);
  // The browser takes them, and loses them.
  await page.addInitScript(() => (navigator.sendBeacon = () => true));
  await page.route(EVENTS, (route) => route.abort("connectionrefused"));
  await page.goto(product.origin);
  await click(page);
  await expect.poll(() => traffic.activities.length).toBeGreaterThan(0);
  await page.goto(`${product.origin}/login`);
  expect(await server.stream()).toEqual([]);
  await page.unroute(EVENTS);
  await page.goto(`${product.origin}/login`);
  await expect.poll(() => server.stream()).toEqual([EXPORTED]);
});

test("the tracker is small, and kept by browsers for a while", async ({ server }) => {
  const load = async (headers: Record<string, string>): Promise<[IncomingMessage, number]> => {
    const [response] = (await once(get(`${server.origin}/usage.js`, { headers }), "response")) as [IncomingMessage];
    let size = 0;
    for await (const chunk of response) size += (chunk as Buffer).length;
    return [response, size];
  };
  for (const encoding of ["br", "gzip"]) {
    const [{ headers }, size] = await load({ "accept-encoding": encoding });
    expect(headers).toMatchObject({ "content-encoding": encoding, "cache-control": "public, max-age=3600" });
    expect(size).toBeGreaterThan(0);
    expect(size).toBeLessThan(2_000);
    const [known] = await load({ "accept-encoding": encoding, "if-none-match": headers.etag ?? "" });
    expect(known.statusCode).toBe(304);
  }
});

declare global {
  interface Window {
    /** How many requests of the page are under way. */
    unanswered: number;
    usage: { identify: (parties: { account: string | null; user: string | null }) => void };
  }
}
