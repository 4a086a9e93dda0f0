import { expect, test } from "./fixtures";
import { FIRST_EVENT, twoWeeks } from "./history";

test("Today has its numbers in the HTML", async ({ server, today, frame }) => {
  await server.send({ account: "acme", user: "lisa", module: "Board", action: "Edit", count: 3 });
  await today.open();
  await expect(today.card("Users online").value).toHaveText("1");
  await expect(today.card("Time per user").value).toHaveText("1 m");
  await expect(today.topTen("Frequent actions")).toContainText(["Edit"]);
  await expect(today.entry("lisa").count).toContainText("3");
  // What does nothing without JavaScript is not there.
  await expect(today.autoRefresh).toBeHidden();
  await expect(frame.theme("Dark")).toBeHidden();

  await frame.link("Activities").click();
  await expect(frame.heading("Activities")).toBeVisible();
});

test("the stream goes on page by page, and back", async ({ server, today, page }) => {
  const events = Array.from({ length: 70 }, (_, index) => ({
    account: "acme",
    user: `user ${String(index).padStart(2, "0")}`,
    module: "Board",
    action: "Edit",
    time: server.ago({ minutes: index + 1 }),
  }));
  await server.send(...events);
  await today.open();
  await expect(today.entries).toHaveCount(50);
  await today.older.click();
  await expect(page).toHaveURL(/\?before=/);
  await expect(today.entries.locator("strong")).toHaveText(events.slice(50).map((event) => event.user));
  await expect(today.older).toHaveCount(0);
  await page.getByRole("link", { name: "Back to the newest" }).click();
  await expect(today.entries).toHaveCount(50);
});

test("the filter has a button, and keeps period and sort", async ({ server, activities, page }) => {
  await server.send(FIRST_EVENT, ...twoWeeks());
  await activities.open("?period=last_7_days&sort=module");
  await activities.filter.fill("view");
  await page.getByRole("button", { name: "Filter" }).click();
  await expect(page).toHaveURL(/period=last_7_days/);
  await expect(page).toHaveURL(/sort=module/);
  await expect(activities.rows.locator("th")).toHaveText(["Dashboard", "Report"]);
});

test("what the charts show stands in tables, without a click", async ({ server, activities }) => {
  await server.send(FIRST_EVENT, ...twoWeeks());
  await activities.open("?period=last_7_days");
  await expect(activities.timeSpent.bars).toBeHidden();
  await expect(activities.timeSpent.asTable.getByRole("row")).toHaveCount(8);
  await expect(activities.timeSpent.asTable.getByRole("row").nth(3)).toContainText("Wed, 18 Nov 2026");
});

test("a definition opens", async ({ server, today, page }) => {
  await server.send({ account: "acme", user: "lisa", module: "Board", action: "Edit" });
  await today.open();
  await page.getByRole("button", { name: "What “Users online” means" }).click();
  await expect(page.locator("#help-users-online")).toBeVisible();
});
