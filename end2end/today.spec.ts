import { expect, test } from "./fixtures";
import type { UsageEvent } from "./server";

const LISA = { account: { id: "acme", name: "Acme Inc" }, user: { id: "lisa", name: "Lisa Ray" } };
const TOM = { account: { id: "globex", name: "Globex" }, user: { id: "tom", name: "Tom Bell" } };
const ANN = { account: { id: "initech", name: "Initech" }, user: { id: "ann", name: "Ann Lee" } };

test("Lisa’s story: three uses, then one more", { tag: "@nojs" }, async ({ server, today }) => {
  const use = { ...LISA, module: "Dashboard", action: "Export" };
  await server.send({ ...use, count: 3, time: server.ago({ minutes: 28 }) });
  await server.send({ ...use, time: server.ago({ minutes: 2 }) });
  await today.open();

  const entry = today.entry("Lisa Ray");
  await expect(today.entries).toHaveCount(1);
  await expect(entry.count).toContainText("4");
  await expect(entry.what).toContainText("Dashboard");
  await expect(entry.what).toContainText("Export 4");
  await expect(entry.when).toHaveText("2 minutes ago");
  await expect(entry.dot).toHaveText("User online now");

  await entry.summary.click();
  await expect(entry.uses).toHaveText(["1 × Export, 2 minutes ago", "3 × Export, 28 minutes ago"]);
});

// The server lists single uses by the minute; of the last one the entry knows more.
test("an entry and its list agree on how long ago the newest use was", async ({ server, today }) => {
  await server.send({ ...LISA, module: "Dashboard", action: "Export", time: server.ago({ minutes: 2, seconds: 1 }) });
  await today.open();
  const entry = today.entry("Lisa Ray");
  await expect(entry.when).toHaveText("2 minutes ago");
  await entry.summary.click();
  await expect(entry.uses).toHaveText(["1 × Export, 2 minutes ago"]);
});

test("the newest use shows while the entry is open", async ({ server, today, time }) => {
  const use = { ...LISA, module: "Dashboard", action: "Export" };
  await server.send({ ...use, count: 3, time: server.ago({ minutes: 28 }) });
  await today.open();
  const entry = today.entry("Lisa Ray");
  await entry.summary.click();
  await expect(entry.count).toContainText("3");
  await expect(entry.dot).toHaveText("User offline");

  await server.send(use);
  await time.tick();
  await expect(entry.dot).toHaveText("User online now");
  await today.news.click();
  await expect(entry.count).toContainText("4");
  await expect(entry.uses).toHaveText([/1 × Export, just now/, /3 × Export, 28 minutes ago/]);
});

test("cards say what changed since the previous tick", async ({ server, today, time }) => {
  // Online for the last time at 12:00:10.
  await server.send({ ...LISA, module: "Dashboard", action: "View", time: "2026-11-23T11:55:15Z" });
  await server.send({ ...TOM, module: "Dashboard", action: "View", time: "2026-11-23T11:59:00Z" });
  await today.open();
  const [accounts, users, spent] = [
    today.card("Accounts online"),
    today.card("Users online"),
    today.card("Time per user"),
  ];
  await expect(users.value).toHaveText("2");
  await expect(users.of).toHaveText("of 2 active today");
  await expect(spent.value).toHaveText("1 m");
  for (const card of [accounts, users, spent]) await expect(card.change).toHaveText(/^\s*$/);

  await server.send({ ...ANN, module: "Dashboard", action: "View" });
  // Two more minutes: 6 minutes of three users.
  await server.send({ ...TOM, module: "Dashboard", action: "View", time: "2026-11-23T11:56:30Z" });
  await time.tick();
  await expect(users.value).toHaveText("3");
  await expect(accounts.change).toHaveText("↑+1 up in the last 10 s");
  await expect(users.change).toHaveText("↑+1 up in the last 10 s");
  await expect(spent.value).toHaveText("2 m");
  await expect(spent.change).toHaveText("↑+1 m up in the last 10 s");

  await time.tick();
  await expect(users.value).toHaveText("2");
  await expect(users.of).toHaveText("of 3 active today");
  await expect(accounts.change).toHaveText("↓−1 down in the last 10 s");
  await expect(users.change).toHaveText("↓−1 down in the last 10 s");
  await expect(spent.change).toHaveText("unchanged in the last 10 s");
});

test("after a tick without a snapshot there is no arrow", async ({ server, today, time }) => {
  await server.send({ ...LISA, module: "Dashboard", action: "View" });
  await today.open();
  await time.at("2026-11-23T12:00:40Z");
  await expect(today.asOf).toContainText("as of 12:00:40");
  await expect(today.card("Users online").change).toHaveText(/^\s*$/);
});

test.describe("Auto refresh", () => {
  const use = { ...LISA, module: "Dashboard", action: "View" };
  const users = ["Tom Bell", "Lisa Ray"];

  test.beforeEach(async ({ server, today }) => {
    await server.send({ ...use, time: server.ago({ minutes: 3 }) });
    await today.open();
  });

  test("is off at first: what is new waits until it is asked for", async ({ server, today, time }) => {
    await expect(today.autoRefresh).not.toBeChecked();
    await server.send({ ...TOM, module: "Board", action: "Edit" });
    await time.tick();
    await expect(today.news).toHaveText("1 new");
    await expect(today.entries).toHaveCount(1);

    await server.send({ ...ANN, module: "Board", action: "Edit" });
    await server.send({ ...use });
    await time.tick();
    await expect(today.news).toHaveText("3 new");
    await expect(today.entries).toHaveCount(1);
    await expect(today.entry("Lisa Ray").count).toContainText("1");

    await today.news.click();
    await expect(today.entries).toHaveCount(3);
    await expect(today.entry("Lisa Ray").count).toContainText("2");
    await expect(today.news).toBeHidden();
  });

  test("shows what is new within a tick once it is on", async ({ server, today, time }) => {
    await today.autoRefresh.click();
    await expect(today.autoRefresh).toBeChecked();
    await server.send({ ...TOM, module: "Board", action: "Edit" });
    await time.tick();
    await expect(today.entries.locator("strong")).toHaveText(users);
    await expect(today.news).toBeHidden();
  });

  test("shows at once what waits when it is turned on", async ({ server, today, time }) => {
    await server.send({ ...TOM, module: "Board", action: "Edit" });
    await time.tick();
    await expect(today.news).toBeVisible();
    await today.autoRefresh.click();
    await expect(today.entries.locator("strong")).toHaveText(users);
  });

  test("is remembered", async ({ today, frame }) => {
    await today.autoRefresh.click();
    await frame.reload();
    await expect(today.autoRefresh).toBeChecked();
    await today.autoRefresh.click();
    await frame.reload();
    await expect(today.autoRefresh).not.toBeChecked();
  });

  test("lets the new wait while an entry is read", async ({ server, today, time }) => {
    await today.autoRefresh.click();
    await today.entry("Lisa Ray").summary.click();
    await server.send({ ...TOM, module: "Board", action: "Edit" });
    await time.tick();
    await expect(today.news).toHaveText("1 new");
    await expect(today.entries).toHaveCount(1);
  });
});

test.describe("at midnight", () => {
  test.use({ zone: "Europe/Berlin", start: "2026-11-23T22:59:50Z" });

  test("the page rolls over by itself", async ({ server, today, time }) => {
    await server.send({ ...LISA, module: "Dashboard", action: "View", time: "2026-11-23T22:50:00Z" });
    await today.open();
    await expect(today.asOf).toContainText("as of 23:59:50 · Europe/Berlin · Monday, 23 November 2026");
    await expect(today.entries).toHaveCount(1);
    await expect(today.topTen("Most active users")).toHaveCount(1);

    await time.tick();
    await expect(today.asOf).toContainText("as of 00:00:00 · Europe/Berlin · Tuesday, 24 November 2026");
    await expect(today.entries).toHaveCount(0);
    await expect(today.streamScroll).toContainText("No activity today");
    await expect(today.topTen("Most active users")).toHaveCount(0);
    const spent = today.card("Time per user");
    await expect(spent.value).toHaveText("–");
    await expect(spent.of).toHaveText("nobody active yet");

    await server.send({ ...TOM, module: "Board", action: "Edit" });
    await time.tick();
    await expect(today.entry("Tom Bell").count).toContainText("1");
    await expect(today.topTen("Popular modules")).toHaveText(/Board\s*1\s*1/);
  });

  test("a period that ends yesterday moves on", async ({ server, activities, time }) => {
    await server.send({ ...LISA, module: "Dashboard", action: "View", time: "2026-11-23T22:50:00Z" });
    await activities.open("?period=yesterday");
    await expect(activities.ranges).toContainText("22 Nov 2026");
    await expect(activities.rows).toHaveCount(0);
    await server.at("2026-11-23T23:00:30Z");
    await time.pass({ seconds: 61 });
    await expect(activities.ranges).toContainText("23 Nov 2026");
    await expect(activities.rows).toHaveCount(1);
  });
});

test("top tens rank by their figures, break ties and end at ten", { tag: "@nojs" }, async ({ server, today }) => {
  const at = (minute: number): string => `2026-11-23T10:${String(minute).padStart(2, "0")}:00Z`;
  const event = (account: string, user: string, module: string, action: string, more: Partial<UsageEvent> = {}) => ({
    account,
    user,
    module,
    action,
    time: at(0),
    ...more,
  });
  await server.send(
    // Two users each: the actions decide, then the name.
    event("acme", "lisa", "Board", "Edit", { count: 5 }),
    event("acme", "bob", "Board", "Edit", { count: 2 }),
    event("beta", "kim", "Search", "Find", { count: 4 }),
    event("beta", "zoe", "Search", "Find", { count: 3 }),
    event("gamma", "max", "Search", "Find", { count: 8 }),
    event("gamma", "ben", "Board", "Edit", { count: 1 }),
    // Five minutes: with the minutes in between, six.
    event("acme", "bob", "Board", "Open", { time: at(5) }),
    ...Array.from({ length: 12 }, (_, index) => event("delta", "eve", `Module ${index + 10}`, "Open")),
  );
  await today.open();

  await expect(today.topTen("Most active accounts").locator("th, td")).toHaveText(
    [
      ["gamma", "2", "9"],
      ["acme", "2", "8"],
      ["beta", "2", "7"],
      ["delta", "1", "12"],
    ].flat(),
  );
  await expect(today.topTen("Most active users").locator("th")).toHaveText(
    ["bob acme", "eve delta", "max gamma", "lisa acme", "kim beta", "zoe beta", "ben gamma"],
    { useInnerText: true },
  );
  await expect(today.topTen("Most active users").first().locator("td")).toHaveText(["6 m", "3"]);
  await expect(today.topTen("Popular modules")).toHaveCount(10);
  await expect(today.topTen("Popular modules").locator("th")).toHaveText([
    "Search",
    "Board",
    ...Array.from({ length: 8 }, (_, index) => `Module ${index + 10}`),
  ]);
  await expect(today.topTen("Frequent actions").locator("th").first()).toHaveText("Find Search", {
    useInnerText: true,
  });
  await expect(today.topTen("Frequent actions").first().locator("td")).toHaveText(["15", "3"]);

  // The bar of the second is as long as its figure says.
  const bars = today.topTen("Most active accounts").locator("rect");
  const widths = await bars.evaluateAll((all) => all.map((bar) => bar.getAttribute("width")));
  expect(widths).toEqual(["100.0%", "100.0%", "100.0%", "50.0%"]);
});

test("a name leads to the usage of its account", async ({ server, today, activities, frame, page }) => {
  await server.send({ ...LISA, module: "Dashboard", action: "View" });
  await today.open();
  await today.topTen("Most active accounts").getByRole("link", { name: "Acme Inc" }).click();
  await expect(frame.heading("Activities")).toBeVisible();
  await expect(page).toHaveURL(/\/activities\?account=acme$/);
  await expect(page.getByRole("link", { name: "Show all accounts" })).toBeVisible();
  await page.getByRole("link", { name: "Show all accounts" }).click();
  await expect(page).toHaveURL(/\/activities$/);
  await expect(activities.ranges).toBeVisible();
});

test("only one account’s entries", { tag: "@nojs" }, async ({ server, today, page }) => {
  await server.send({ ...LISA, module: "Dashboard", action: "View" }, { ...TOM, module: "Board", action: "Edit" });
  await today.open();
  await today.entry("Tom Bell").summary.click();
  await page.getByRole("link", { name: "Only Globex here" }).click();
  await expect(page).toHaveURL(/\?account=globex$/);
  await expect(today.entries).toHaveCount(1);
  await page.getByRole("link", { name: "Show all accounts" }).click();
  await expect(today.entries).toHaveCount(2);
});

test("older entries are appended, none twice", async ({ server, today, time }) => {
  const user = (index: number) => `user ${String(index).padStart(3, "0")}`;
  const events = Array.from({ length: 120 }, (_, index) => ({
    account: "acme",
    user: user(index),
    module: "Board",
    action: "Edit",
    time: server.ago({ minutes: index + 1 }),
  }));
  await server.send(...events);
  await today.open();
  await expect(today.entries).toHaveCount(50);
  await today.older.click();
  await expect(today.entries).toHaveCount(100);
  await today.older.click();
  await expect(today.entries).toHaveCount(120);
  await expect(today.older).toBeHidden();
  await expect(today.entries.locator("strong")).toHaveText(events.map((event) => event.user));

  await server.send({ account: "acme", user: "user 119", module: "Board", action: "Edit" });
  await time.tick();
  await today.news.click();
  await expect(today.entries).toHaveCount(120);
  await expect(today.entries.first()).toContainText("user 119");
});

test("an account nobody knows does not look like a quiet one", { tag: "@nojs" }, async ({ server, today }) => {
  await server.send({ ...LISA, module: "Dashboard", action: "View" });
  await today.open("?account=nobody");
  await expect(today.streamScroll).toContainText("No activity by account “nobody” today");
});

test("a heartbeat makes a user active and online, but is no entry", async ({ server, today }) => {
  await server.send({ ...LISA, module: "Dashboard", kind: "heartbeat" });
  await today.open();
  await expect(today.card("Users online").value).toHaveText("1");
  await expect(today.entries).toHaveCount(0);
  await expect(today.streamScroll).toContainText("No activity today");
});

test.describe("in a zone with half hours", () => {
  test.use({ zone: "Asia/Kolkata", start: "2026-11-23T18:45:00Z" });

  test("times and day are the zone’s", { tag: "@nojs" }, async ({ server, today }) => {
    // 23:59 and 00:10 there.
    await server.send({ ...LISA, module: "Dashboard", action: "View", time: "2026-11-23T18:29:00Z" });
    await server.send({ ...TOM, module: "Dashboard", action: "View", time: "2026-11-23T18:40:00Z" });
    await today.open();
    await expect(today.asOf).toContainText("as of 00:15:00 · Asia/Kolkata · Tuesday, 24 November 2026");
    await expect(today.entries).toHaveCount(1);
    await expect(today.entry("Tom Bell").when).toHaveAttribute("title", "00:10");
  });
});
