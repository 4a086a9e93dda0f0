import { expect, test } from "./fixtures";
import { FIRST_EVENT, twoWeeks } from "./history";

const LISA = { account: "acme", user: "lisa", module: "Board", action: "Edit" };

test("offline, the old numbers stay and say how old they are; back again, they are new", async ({
  server,
  today,
  frame,
  time,
  context,
  complaints,
}) => {
  complaints.allow(/ERR_INTERNET_DISCONNECTED/);
  await server.send(LISA);
  await today.open();
  const users = today.card("Users online");
  await expect(users.value).toHaveText("1");

  await context.setOffline(true);
  await server.send({ ...LISA, user: "tom" });
  await server.tick();
  await time.pass({ seconds: 11 });
  await expect(frame.banner).toContainText("Connection lost, showing numbers from 12:00:00, retrying");
  await expect(users.value).toHaveText("1");
  await expect(today.entries).toHaveCount(1);
  await expect(today.stale).toBeHidden();

  // Asked again every five seconds, in vain.
  await time.pass({ seconds: 6 });
  await time.pass({ seconds: 6 });
  await time.pass({ seconds: 60 });
  await expect(today.stale).toContainText("1 minute old");

  await context.setOffline(false);
  await time.pass({ seconds: 6 });
  await expect(frame.banner).toBeHidden();
  await expect(users.value).toHaveText("2");
  await expect(today.stale).toBeHidden();
  await expect(today.asOf).toContainText("as of 12:00:10");
});

test("“Retry now” asks at once", async ({ server, today, frame, time, page, complaints }) => {
  complaints.allow(/status of 503/);
  await server.send(LISA);
  await today.open();
  await page.route("**/api/v1/today", (route) => route.fulfill({ status: 503 }));
  await time.pass({ seconds: 11 });
  await expect(frame.banner).toContainText("The server answered with status 503, showing numbers from 12:00:00");
  await page.unroute("**/api/v1/today");
  await frame.banner.getByRole("button", { name: "Retry now" }).click();
  await expect(frame.banner).toBeHidden();
});

for (const [what, answer] of [
  ["a server in trouble", { status: 500 }],
  ["a server that cannot be reached", "abort"],
] as const) {
  test(`numbers that ${what} did not give can be asked for again`, async ({
    server,
    today,
    frame,
    page,
    complaints,
  }) => {
    complaints.allow(/status of 500/, /ERR_CONNECTION_REFUSED/);
    await server.send(FIRST_EVENT, ...twoWeeks());
    await today.open();
    const usage = /\/api\/v1\/usage/;
    await page.route(usage, (route) => (answer === "abort" ? route.abort("connectionrefused") : route.fulfill(answer)));
    await frame.link("Activities").click();
    await expect(page.getByRole("alert")).toContainText("These numbers could not be loaded");
    await expect(page.getByRole("link", { name: "Reload the page" })).toHaveAttribute("href", "/activities");
    await page.unroute(usage);
    await page.getByRole("button", { name: "Retry" }).click();
    await expect(page.getByRole("alert")).toBeHidden();
    await expect(page.locator(".usage tbody tr")).toHaveCount(6);
  });
}

test("a period that cannot be loaded leaves the one before on screen", async ({
  server,
  activities,
  page,
  complaints,
}) => {
  complaints.allow(/status of 500/);
  await server.send(FIRST_EVENT, ...twoWeeks());
  await activities.open();
  const usage = /\/api\/v1\/usage/;
  await page.route(usage, (route) => route.fulfill({ status: 500 }));
  await activities.period("Last 7 days").click();
  await expect(page.getByRole("alert").first()).toContainText("The server answered with status 500.");
  await expect(activities.ranges).toContainText("24 Oct – 22 Nov 2026");
  await page.unroute(usage);
  await page.getByRole("button", { name: "Retry" }).click();
  await expect(activities.ranges).toContainText("16 Nov – 22 Nov 2026");
  await expect(page.getByRole("alert")).toHaveCount(0);
});

test("a hidden page asks for nothing; looked at again, it asks at once", async ({ server, today, time, page }) => {
  await server.send(LISA);
  await today.open();
  const show = (state: "hidden" | "visible") =>
    page.evaluate((visibility) => {
      Object.defineProperty(document, "hidden", { configurable: true, value: visibility === "hidden" });
      Object.defineProperty(document, "visibilityState", { configurable: true, value: visibility });
      document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
    }, state);
  await show("hidden");
  let asked = 0;
  page.on("request", (request) => (asked += request.url().includes("/api/") ? 1 : 0));
  await server.tick();
  await time.pass({ seconds: 60 });
  expect(asked).toBe(0);
  await show("visible");
  await expect(today.asOf).toContainText("as of 12:00:10");
});
