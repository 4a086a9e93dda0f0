import { readFile } from "node:fs/promises";
import { expect, test } from "./fixtures";
import { uses } from "./history";

const LISA = { account: "acme", user: "lisa", module: "Dashboard", action: "Export" };
/** Right in an hour. */
const EARLY = { ...LISA, user: "tom", time: "2026-11-23T13:00:00Z" };

test("a workspace without faults says so", { tag: "@nojs" }, async ({ quality }) => {
  await quality.open();
  await expect(quality.rejected).toContainText("Nothing was rejected.");
  await expect(quality.section("First seen")).toContainText("No new module or action in the last 30 days.");
  await expect(quality.section("Names that differ only in case or spacing")).toContainText("No two names look alike.");
  await expect(quality.section("Events far in the past")).toContainText("No event came more than 7 days");
});

test("what was rejected is shown, each with its reason", { tag: "@nojs" }, async ({ server, quality, page }) => {
  await server.offer({ account: "acme" }, EARLY, { ...LISA, count: 0 });
  await quality.open();
  await expect(quality.matching).toHaveText("3 events");
  await expect(quality.rejects).toHaveCount(3);
  await expect(quality.rejects.first()).toContainText("23 Nov, 12:00:00");
  await expect(quality.rejects.locator(".reason")).toContainText([
    "Count out of range",
    "Too far in the future",
    "Missing field user is missing",
  ]);
  await expect(quality.rejects.locator(".field")).toHaveText(["/count", "/time", "/user"]);
  await quality.sent(quality.rejects.last()).locator("summary").click();
  await expect(quality.sent(quality.rejects.last()).locator("pre")).toHaveText('{"account":"acme"}');

  await quality.facet("Reason").getByRole("link", { name: "Missing field 1" }).click();
  await expect(page).toHaveURL(/\/quality\?code=missing_field$/);
  await expect(quality.rejects).toHaveCount(1);
  await expect(quality.matching).toHaveText("1 event");
  await expect(quality.facet("Reason").locator("[aria-current]")).toHaveText(/Missing field/);
  await quality.facet("Reason").getByRole("link", { name: "All" }).click();
  await expect(quality.rejects).toHaveCount(3);
});

test("rejected events are shown before any is accepted", { tag: "@nojs" }, async ({ server, frame, quality }) => {
  await server.offer({ account: "acme" });
  await frame.open("/");
  await frame.link("Data quality").click();
  await expect(frame.heading("Data quality")).toBeVisible();
  await expect(quality.rejects).toHaveCount(1);
});

test("requests that can't be read at all are counted", { tag: "@nojs" }, async ({ server, quality }) => {
  await quality.open();
  await expect(quality.refused).toHaveCount(0);
  for (const body of ["nonsense", '{"events": 7}']) {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(`${server.origin}/api/v1/events`, { method: "POST", headers, body });
    expect(answer.ok).toBe(false);
  }
  await quality.open();
  await expect(quality.refused).toHaveText(
    "2 requests refused whole since this server started, and not kept. The newest: 23 Nov, 12:00:00, Events API, no key. " +
      "events: events must be an array of events",
  );
  await expect(quality.rejected).toContainText("Nothing was rejected.");
});

test("older ones are a page away", { tag: "@nojs" }, async ({ server, quality, page }) => {
  await server.offer(...Array.from({ length: 60 }, (_, index) => ({ account: `a${index}` })));
  await quality.open();
  await expect(quality.rejects).toHaveCount(50);
  await quality.older().click();
  await expect(quality.rejects).toHaveCount(10);
  await expect(quality.rejects.last()).toContainText('"a0"');
  await expect(quality.older()).toHaveCount(0);
  await page.getByRole("link", { name: "Newest" }).click();
  await expect(quality.rejects).toHaveCount(50);
});

test("what its time has come for is replayed, the rest stays", async ({ server, quality, today }) => {
  await server.offer(EARLY, { account: "acme" });
  await quality.open();
  await quality.remedies.getByRole("button", { name: "Replay" }).click();
  await expect(quality.outcome).toHaveText("0 stored, 0 known already, 2 still rejected.");

  await server.at("2026-11-23T13:00:00Z");
  await quality.remedies.getByRole("button", { name: "Replay" }).click();
  await expect(quality.outcome).toHaveText("1 stored, 0 known already, 1 still rejected.");
  await expect(quality.rejects).toHaveCount(1);
  await today.open();
  await expect(today.entry("tom").count).toContainText("1");
});

test("dismissing asks first", async ({ server, quality }) => {
  await server.offer({ account: "acme" }, EARLY);
  await quality.open();
  const row = quality.rejects.filter({ hasText: "user is missing" });
  await quality.sent(row).locator("summary").click();
  const dismiss = quality.sent(row).getByRole("button");
  await dismiss.last().click();
  await expect(dismiss.last()).toHaveText("Dismiss for good?");
  await dismiss.first().focus();
  await expect(dismiss.last()).toHaveText("Dismiss");
  await dismiss.last().click();
  await dismiss.last().click();
  await expect(quality.outcome).toHaveText("1 event dismissed.");
  await expect(quality.rejects).toHaveCount(1);

  await quality.remedies.getByRole("button", { name: "Dismiss" }).click();
  await quality.remedies.getByRole("button", { name: "Dismiss all for good?" }).click();
  await expect(quality.rejected).toContainText("Nothing was rejected.");
});

test("new ones come at the next tick, and what is open stays open", async ({ server, quality, time, page }) => {
  await server.offer({ account: "acme" });
  await quality.open();
  const open = quality.rejects.filter({ hasText: "acme" });
  const summary = quality.sent(open).locator("summary");
  await summary.click();
  await summary.focus();
  await server.offer({ account: "globex" });
  await time.tick(/\/api\/v1\/rejects/);
  await expect(quality.rejects).toHaveCount(2);
  await expect(quality.asOf).toContainText("as of 12:00:10");
  await expect(quality.sent(open)).toHaveAttribute("open");
  await expect(summary).toBeFocused();
  await expect(page.locator(".segment[aria-current]")).toHaveCount(0);
});

test("a line of the file can be mended and sent", async ({ server, quality, page }) => {
  await server.offer({ account: "acme", user: "lisa", module: "Dashboard" });
  await quality.open();
  const download = page.waitForEvent("download");
  await quality.file("NDJSON").click();
  const file = await download;
  expect(file.suggestedFilename()).toBe("rejected-events-2026-11-23.ndjson");
  const line = JSON.parse(await readFile(await file.path(), "utf8")) as Record<string, unknown>;
  expect(line.rejected).toMatchObject({ code: "missing_field", pointer: "/action" });
  await server.send({ ...LISA, ...line, action: "Export" });
});

test("names and late events", { tag: "@nojs" }, async ({ server, quality }) => {
  await server.send(
    uses("2026-11-22", "Big Board", "Log in", 5),
    uses("2026-11-22", "big-board", "Log in", 1),
    uses("2026-01-31", "Big Board", "login", 2),
  );
  await quality.open();
  const similar = quality.section("Names that differ only in case or spacing").locator("tbody tr");
  await expect(similar).toHaveText([
    /Module\s*Big Board\s*Sun, 22 Nov 2026\s*7/,
    /big-board\s*Sun, 22 Nov 2026\s*1/,
    /Action in Big Board\s*Log in\s*Sun, 22 Nov 2026\s*5/,
    /login\s*Sat, 31 Jan 2026\s*2/,
  ]);
  await expect(quality.section("First seen").locator("tbody tr")).toHaveCount(5);
  await expect(quality.section("Events far in the past").locator("tbody tr")).toHaveText([
    /23 Nov\s*acme\s*31 Jan 2026\s*1/,
  ]);
});

test("d leads there", async ({ server, today, frame, page }) => {
  await server.send(LISA);
  await today.open();
  await page.keyboard.press("d");
  await expect(frame.heading("Data quality")).toBeVisible();
  await expect(page).toHaveTitle("Data quality · Usage Monitor");
});
