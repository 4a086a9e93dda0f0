import type { Locator, Page } from "@playwright/test";
import { expect, test } from "./fixtures";
import { FIRST_EVENT, twoWeeks, uses } from "./history";

const LAST_WEEK = "?period=last_7_days";

test.use({ signIn: true });

test.beforeEach(async ({ server, members }) => {
  // Each walks through many pages.
  test.slow();
  await members.createFirst();
  await server.send(FIRST_EVENT, ...twoWeeks());
});

test("an activity is turned off, and on again with all its history", { tag: "@nojs" }, async ({
  members,
  activities,
  tracking,
}) => {
  await activities.open(LAST_WEEK);
  const before = await activities.everything();
  await expect(activities.notTracked).toHaveCount(0);

  await members.menu.getByRole("link", { name: "Tracking" }).click();
  await expect(tracking.rows.locator("th")).toHaveText(["Archive", "Board", "Dashboard", "Report", "Search"]);
  let form = await tracking.change("Dashboard", "View");
  await form.tracked.uncheck();
  await form.save.click();
  await expect(tracking.row("View")).toContainText("Not tracked");
  await expect(tracking.row("View")).toContainText("32");

  await activities.open(LAST_WEEK);
  const shown = activities.rows.filter({ hasText: "Dashboard" });
  await expect(shown).toHaveCount(1);
  await expect(shown).toContainText("Export");
  await activities.notTracked.getByRole("link", { name: "Dashboard · View" }).click();
  form = tracking.form("Dashboard", "View");
  await expect(form.tracked).not.toBeChecked();
  await form.tracked.check();
  await form.save.click();
  await expect(tracking.row("View")).toContainText("the same");

  await activities.open(LAST_WEEK);
  expect(await activities.everything()).toBe(before);
});

test("a module is called otherwise, but not as another", { tag: "@nojs" }, async ({
  activities,
  tracking,
  complaints,
}) => {
  complaints.allow(/status of 422/);
  await activities.open(LAST_WEEK);
  const before = await activities.everything();
  let form = await tracking.change("Board");
  await form.name.fill("Report");
  await form.save.click();
  await expect(form.panel).toContainText("two modules would be called “Report”");
  await expect(form.name).toHaveValue("Report");
  await expect(tracking.row("Board")).toContainText("the same");
  await form.name.fill("Whiteboard");
  await form.save.click();
  await expect(tracking.row("Board")).toContainText("Whiteboard");

  await activities.open(LAST_WEEK);
  await expect(activities.rows.filter({ hasText: "Whiteboard" })).toContainText("Create");
  form = await tracking.change("Board");
  await expect(form.name).toHaveValue("Whiteboard");
  await form.name.fill("");
  await form.save.click();
  await expect(tracking.row("Board")).toContainText("the same");
  await activities.open(LAST_WEEK);
  expect(await activities.everything()).toBe(before);
});

test("two modules are merged and parted, and two activities of one", { tag: "@nojs" }, async ({
  activities,
  tracking,
}) => {
  await activities.open(LAST_WEEK);
  const before = await activities.everything();
  let form = await tracking.change("Report");
  await form.merged.selectOption("Dashboard");
  await form.save.click();
  await expect(form.panel).toContainText("It counts as Dashboard");
  form = await tracking.change("Dashboard", "Export");
  await form.merged.selectOption("View");
  await form.save.click();
  await expect(form.panel).toContainText("It counts as View");

  await activities.open(`${LAST_WEEK}&sort=module`);
  await expect(activities.rows.locator("th")).toHaveText(["Board", "Dashboard", "Dashboard", "Search"]);
  // View: 30, 9 and 6 of it, before 2, 8 and 6.
  const view = activities.rows.filter({ hasText: "View" });
  await expect(view.locator("td")).toHaveText(["View", "45", "16", "↑+181.3 % up"]);

  for (const [module, action] of [["Dashboard", "Export"], ["Report"]] as const) {
    form = await tracking.change(module, action);
    await form.merged.selectOption("nothing: it stands for itself");
    await form.save.click();
    await expect(tracking.row(action ?? module)).toContainText("the same");
  }
  await activities.open(LAST_WEEK);
  expect(await activities.everything()).toBe(before);
});

test("what is not tracked is told to those alone who may change it", { tag: "@nojs" }, async ({
  members,
  teams,
  activities,
  tracking,
  frame,
  complaints,
}) => {
  complaints.allow(/status of 404/);
  const form = await tracking.change("Search");
  await form.tracked.uncheck();
  await form.save.click();
  await expect(tracking.row("Search")).toContainText("Not tracked");
  await teams.open();
  await teams.add("Everyone", "acme");
  await expect(teams.panel("Everyone")).toBeVisible();
  await members.open("/members");
  const ofLisa = await members.invite("Lisa", "lisa@example.com", ["Everyone"]);
  await members.open("/members");
  const ofTom = await members.invite("Tom", "tom@example.com", ["Everyone"], true);
  await members.signOut();

  await members.open(ofLisa);
  await members.fill({ password: "another long password" });
  await expect(members.menu).toContainText("Lisa");
  await expect(members.menu.getByRole("link", { name: "Tracking" })).toHaveCount(0);
  await activities.open(LAST_WEEK);
  await expect(activities.rows.filter({ hasText: "Report" })).toHaveCount(2);
  await expect(activities.rows.filter({ hasText: "Search" })).toHaveCount(0);
  await expect(activities.notTracked).toHaveCount(0);
  expect((await frame.open("/tracking"))?.status()).toBe(404);
  await expect(frame.heading("There is no such page")).toBeVisible();
  await members.signOut();

  await members.open(ofTom);
  await members.fill({ password: "yet another long password" });
  await expect(members.menu).toContainText("Tom");
  await activities.open(LAST_WEEK);
  await activities.notTracked.getByRole("link", { name: "Search" }).click();
  await expect(tracking.form("Search").tracked).not.toBeChecked();
});

test("rules of modules tell what they would have caught before they are saved", { tag: "@nojs" }, async ({
  server,
  tracking,
  complaints,
}) => {
  complaints.allow(/status of 422/);
  const names = ["report.opened", "report.printed", "signed in"];
  await server.send(...names.map((name) => uses("2026-11-18", "General", name, 1)));
  await tracking.open();
  const { rules } = tracking;
  await rules.rule(0).on.selectOption("event begins with");
  await rules.rule(0).module.fill("Reports");
  await rules.preview.click();
  await expect(rules.panel.getByRole("alert")).toBeVisible();
  await expect(rules.rule(0).module).toHaveValue("Reports");

  await rules.rule(0).prefix.fill("report.");
  await rules.rule(0).action.selectOption("what follows");
  await rules.preview.click();
  await expect(rules.panel).toContainText("It would have caught 2 in General: report.opened, report.printed");
  await expect(rules.panel.getByRole("status")).toContainText("1 name in General would be caught by none");
  await tracking.open();
  await expect(rules.rule(0).on).toHaveValue("");

  await rules.rule(0).on.selectOption("path begins with");
  await rules.rule(0).prefix.fill("/reports");
  await rules.rule(0).module.fill("Reports");
  await rules.save.click();
  await expect(rules.rule(2).on).toHaveValue("");
  await tracking.open();
  await expect(rules.rule(0).prefix).toHaveValue("/reports");
});

test("the filter finds names of any case, and keeps the open module", { tag: "@nojs" }, async ({ tracking, page }) => {
  await tracking.change("Report");
  await tracking.filter.fill("PRINT");
  await page.getByRole("button", { name: "Filter" }).click();
  await expect(tracking.rows.locator("th")).toHaveText(["Report", "Print"]);
  await tracking.filter.fill("no such name");
  await page.getByRole("button", { name: "Filter" }).click();
  await expect(tracking.rows.locator("th")).toHaveText(["Report"]);
});

test("all of it goes by keyboard alone", async ({ activities, tracking, page }) => {
  await tracking.open();
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("main")).toBeFocused();
  await walkTo(page, tracking.link("Dashboard"));
  await page.keyboard.press("Enter");
  await expect(tracking.row("View")).toBeVisible();
  await walkTo(page, tracking.link("View"));
  await page.keyboard.press("Enter");
  const form = tracking.form("Dashboard", "View");
  await walkTo(page, form.tracked);
  await page.keyboard.press("Space");
  await walkTo(page, form.name);
  await page.keyboard.type("Look");
  await page.keyboard.press("Enter");
  await expect(tracking.row("View")).toContainText("Not tracked");
  await walkTo(page, form.tracked);
  await page.keyboard.press("Space");
  await walkTo(page, form.save);
  await page.keyboard.press("Enter");
  await expect(tracking.row("View")).toContainText("Look");
  await activities.open(LAST_WEEK);
  await expect(activities.rows.filter({ hasText: "Look" })).toHaveCount(1);
});

/** Presses Tab until something is focused, as somebody without a mouse must; what is focused can be seen. */
async function walkTo(page: Page, goal: Locator): Promise<void> {
  await expect(goal).toBeVisible();
  for (let steps = 0; steps < 80; steps += 1) {
    await page.keyboard.press("Tab");
    if (await goal.evaluate((element) => element === document.activeElement)) {
      expect(await goal.evaluate((element) => getComputedStyle(element).outlineStyle)).toBe("solid");
      return;
    }
  }
  throw new Error("it can’t be reached by Tab");
}
