import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer, text } from "node:stream/consumers";
import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures";
import { Product } from "./product";
import type { Server } from "./server";

// Clients that people already have, as their registries have them, against the server. Each library tells the same
// story: who Lisa of Acme Inc is, what she exports and looks at, that Tom of another account exports too, that the
// visitor is Lisa, and what somebody exports of whom no account is known. That last one can't be used, but holds up
// nothing else.

const CLIENTS = [
  { library: "@segment/analytics-node", program: "segment/client.mjs" },
  { library: "segment-analytics-python", program: "segment/client.py" },
  { library: "posthog-node", program: "posthog/client.mjs" },
  { library: "posthog", program: "posthog/client.py" },
];

/** What the story comes to: account, user, module and what was done there. */
const STORY = [
  "Acme Inc · Lisa Ray · Cockpit · 1 × View",
  "Acme Inc · Lisa Ray · Pricing · 1 × View",
  "Acme Inc · Lisa Ray · Reports · 1 × Exported",
  "Acme Inc · Lisa Ray · Reports · 2 × Exported",
  "globex · tom · Reports · 1 × Exported",
];

/** Runs a client to its end; returns what its library reported as failed, a line each. */
async function run(program: string, origin: string, key: string): Promise<string[]> {
  const interpreter = program.endsWith(".py") ? "python3" : "node";
  const client = spawn(interpreter, [`${import.meta.dirname}/clients/${program}`, origin, key], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [printed, complained, [code]] = await Promise.all([
    text(client.stdout),
    text(client.stderr),
    once(client, "exit"),
  ]);
  expect(code, complained).toBe(0);
  return printed.split("\n").filter((line) => line !== "");
}

/** Which version of a library is tested. */
function versionOf(library: string): string {
  const read = (file: string) => readFileSync(`${import.meta.dirname}/${file}`, "utf8");
  const { devDependencies } = JSON.parse(read("package.json")) as { devDependencies: Record<string, string> };
  const listed = new RegExp(`^${library}==(.*)$`, "m").exec(read("clients/requirements.txt"))?.[1];
  return devDependencies[library] ?? listed ?? "of unknown version";
}

/** A way to a server on which the answer to the first request is lost: it says that the server is in trouble. */
async function detour(to: Server): Promise<{ origin: string; stop: () => void }> {
  let isLost = true;
  const way = createServer(async (request, response) => {
    const headers = new Headers();
    for (const name of ["authorization", "content-encoding", "content-type"] as const) {
      const value = request.headers[name];
      if (typeof value === "string") headers.set(name, value);
    }
    const answer = await fetch(`${to.origin}${request.url}`, { method: "POST", headers, body: await buffer(request) });
    if (isLost) response.writeHead(503, { "retry-after": "1" }).end();
    else response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
    isLost = false;
  });
  await once(way.listen(0, "127.0.0.1"), "listening");
  return { origin: `http://127.0.0.1:${(way.address() as AddressInfo).port}`, stop: () => way.close() };
}

for (const { library, program } of CLIENTS) {
  test.describe(`${library} ${versionOf(library)}`, () => {
    test("tells who does what", async ({ server, today, activities, page }) => {
      expect(await run(program, server.origin, await server.key())).toEqual([]);
      expect(await server.stream()).toEqual(STORY);
      await today.open();
      await expect(today.card("Accounts online").value).toHaveText("2");
      await expect(today.topTen("Frequent actions").first()).toContainText("Exported");
      await expect(today.entry("tom").entry).toContainText("globex");

      // On the day after it is a part of what was done yesterday.
      await server.at("2026-11-24T12:00:00Z");
      await activities.open("?period=yesterday");
      await expect(page.getByRole("row").filter({ hasText: "Exported" }).first()).toContainText("Reports");
      const { rows } = await server.get<{ rows: { module: string; action: string; actions: number }[] }>(
        "/api/v1/usage/activities?period=yesterday",
      );
      const totals = rows.map(({ module, action, actions }) => `${actions} × ${module} · ${action}`);
      expect(totals.sort()).toEqual(["1 × Cockpit · View", "1 × Pricing · View", "4 × Reports · Exported"]);
    });

    test("sends again what a server in trouble may have lost, and it counts once", async ({ server }) => {
      const way = await detour(server);
      expect(await run(program, way.origin, await server.key())).toEqual([]);
      expect(await server.stream()).toEqual(STORY);
      way.stop();
    });

    test("hears of a wrong key, and ends", async ({ server }) => {
      const failures = await run(program, server.origin, "um_wrong");
      expect(failures.length).toBeGreaterThan(0);
      for (const failure of failures) expect(failure).toContain("401");
      expect(await server.stream()).toEqual([]);
    });
  });
}

/** A page of the product with a library from npm and a script of its own. */
async function visit(page: Page, server: Server, library: string, app: string): Promise<Product> {
  const product = await Product.start(server.origin, {
    "/": `<!doctype html><title>Pricing</title><script type="module" src="/app.js"></script>`,
    "/library.js": readFileSync(`${import.meta.dirname}/node_modules/${library}`, "utf8"),
    "/app.js": app,
  });
  await page.goto(product.origin);
  return product;
}

test.describe("in browsers", () => {
  test.beforeEach(({ complaints }) => complaints.allow(/^another host: http:\/\/127\.0\.0\.1:/));

  test(`@segment/analytics-next ${versionOf("@segment/analytics-next")}`, async ({ server, page }) => {
    const key = await server.key();
    const settings = { apiKey: key, apiHost: `${new URL(server.origin).host}/v1`, protocol: "http" };
    const product = await visit(
      page,
      server,
      "@segment/analytics-next/dist/umd/index.js",
      `import "/library.js";
      const analytics = AnalyticsNext.AnalyticsBrowser.load({
        writeKey: "${key}",
        cdnSettings: { integrations: { "Segment.io": ${JSON.stringify(settings)} } },
      });
      await analytics.group("acme", { name: "Acme Inc" });
      await analytics.identify("lisa", { name: "Lisa Ray" });
      analytics.track("Exported", { module: "Reports" });
      analytics.page("Pricing");`,
    );
    await expect
      .poll(() => server.stream())
      .toEqual(["Acme Inc · Lisa Ray · Pricing · 1 × View", "Acme Inc · Lisa Ray · Reports · 1 × Exported"]);
    await product.stop();
  });

  test(`posthog-js ${versionOf("posthog-js")}`, async ({ server, page }) => {
    const options = {
      api_host: server.origin,
      advanced_disable_flags: true,
      disable_session_recording: true,
      // A browser that is driven by a program looks like a robot.
      opt_out_useragent_filter: true,
    };
    const product = await visit(
      page,
      server,
      "posthog-js/dist/module.js",
      `import posthog from "/library.js";
      posthog.init("${await server.key()}", ${JSON.stringify(options)});
      posthog.identify("lisa", { name: "Lisa Ray" });
      posthog.group("company", "acme", { name: "Acme Inc" });
      posthog.capture("Exported", { module: "Reports" });`,
    );
    // It tells of the page by itself, without a module.
    await expect
      .poll(() => server.stream())
      .toEqual(["Acme Inc · Lisa Ray · General · 1 × View", "Acme Inc · Lisa Ray · Reports · 1 × Exported"]);
    await product.stop();
  });
});

test("Totango's pixel, as an image and as a form", async ({ server, request, page, today, complaints }) => {
  const lisa = { sdr_s: await server.key(), sdr_o: "acme", sdr_odn: "Acme Inc", sdr_u: "lisa" };
  const exported = { ...lisa, sdr_a: "Exported", sdr_m: "Reports" };
  const pixel = (parameters: Record<string, string>) => `${server.origin}/pixel.gif?${new URLSearchParams(parameters)}`;
  const image = `<img alt="" src="${pixel(exported).replaceAll("&", "&amp;")}">`;
  const product = await Product.start(server.origin, { "/": `<!doctype html><title>Product</title>${image}` });
  complaints.allow(new RegExp(`^another host: ${product.origin}/`));
  await page.goto(product.origin);
  await expect(page.getByRole("presentation")).toHaveJSProperty("naturalWidth", 1);

  for (const answer of [
    await request.post("/pixel.gif", { form: exported }),
    await request.get(pixel({ ...lisa, sdr_u: "tom", sdr_a: "__heartbeat", sdr_m: "Reports" })),
    // What can't be used is no failure to those who only look for an image.
    await request.get(pixel({ sdr_s: lisa.sdr_s, sdr_a: "Exported" })),
  ]) {
    expect(answer.status()).toBe(200);
    expect(answer.headers()["content-type"]).toBe("image/gif");
  }
  expect((await request.get(pixel({ ...exported, sdr_s: "um_wrong" }))).status()).toBe(401);
  expect(await server.stream()).toEqual(["Acme Inc · lisa · Reports · 2 × Exported"]);
  await today.open();
  await expect(today.card("Users online").value).toHaveText("2");
  await product.stop();
});

test("Vitally's analytics API, with its key as a user name", async ({ server, request, today }) => {
  const send = async (what: string, data: unknown, key: string) => {
    const authorization = `Basic ${Buffer.from(`${key}:`).toString("base64")}`;
    return (await request.post(`/analytics/v1/${what}`, { headers: { authorization }, data })).status();
  };
  const key = await server.key();
  const exported = { accountId: "acme", userId: "lisa", event: "Exported", properties: { module: "Reports" } };
  for (const [what, data] of [
    ["account", { accountId: "acme", traits: { name: "Acme Inc" } }],
    ["user", { userId: "lisa", accountId: "acme", traits: { name: "Lisa Ray" } }],
    ["track", { ...exported, messageId: "1" }],
    ["track", { ...exported, messageId: "1" }],
    ["track", { ...exported, messageId: "2" }],
    ["track", { ...exported, userId: "nobody", accountId: undefined }],
  ] as const) {
    expect(await send(what, data, key)).toBe(200);
  }
  expect(await send("track", exported, "um_wrong")).toBe(401);
  expect(await server.stream()).toEqual(["Acme Inc · Lisa Ray · Reports · 2 × Exported"]);
  await today.open();
  await expect(today.entry("Lisa Ray").entry).toContainText("Acme Inc");
});
