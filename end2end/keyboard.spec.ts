import { expect, test } from "./fixtures";
import { FIRST_EVENT, twoWeeks } from "./history";

test.beforeEach(async ({ server }) => {
  await server.send(FIRST_EVENT, ...twoWeeks(), { account: "acme", user: "lisa", module: "Board", action: "Edit" });
});

test("t and a turn between the pages", async ({ today, frame, page }) => {
  await today.open();
  await page.keyboard.press("a");
  await expect(frame.heading("Activities")).toBeVisible();
  await expect(frame.link("Activities")).toHaveAttribute("aria-current", "page");
  await expect(page).toHaveTitle("Activities · Usage Monitor");
  await page.keyboard.press("t");
  await expect(frame.heading("Today")).toBeVisible();
  await expect(frame.link("Today")).toHaveAttribute("aria-current", "page");
  await expect(page).toHaveTitle("Today · Usage Monitor");
});

test("9, 3, 7 and 1 choose the period and keep the rest", async ({ activities, page }) => {
  await activities.open("?filter=view&sort=module");
  for (const [key, name] of [
    ["9", "Last 90 days"],
    ["7", "Last 7 days"],
    ["1", "Yesterday"],
    ["3", "Last 30 days"],
  ] as const) {
    await page.keyboard.press(key);
    await expect(activities.period(name)).toHaveAttribute("aria-current", "true");
    await expect(page).toHaveURL(/filter=view&sort=module/);
  }
});

test("/ leads to the filter, where keys are letters again", async ({ activities, page }) => {
  await activities.open();
  await page.keyboard.press("/");
  await expect(activities.filter).toBeFocused();
  await page.keyboard.type("ta?1r/");
  await expect(activities.filter).toHaveValue("ta?1r/");
  await expect(page).toHaveURL(/\/activities\?filter=/);
  await expect(activities.period("Last 30 days")).toHaveAttribute("aria-current", "true");
});

test("r turns Auto refresh on and off", async ({ today, page }) => {
  await today.open();
  await page.keyboard.press("r");
  await expect(today.autoRefresh).toBeChecked();
  await page.keyboard.press("r");
  await expect(today.autoRefresh).not.toBeChecked();
});

test("? lists the keys, Escape closes the list", async ({ today, frame, page }) => {
  await today.open();
  await page.keyboard.press("?");
  await expect(frame.shortcuts).toBeVisible();
  const keys = ["t", "a", "d", "9", "3", "7", "1", "/", "r", "← →", "?", "Esc"];
  await expect(frame.shortcuts.locator("kbd")).toHaveText(keys);
  // Behind the list, keys do nothing.
  await page.keyboard.press("a");
  await page.keyboard.press("Escape");
  await expect(frame.shortcuts).toBeHidden();
  await expect(frame.heading("Today")).toBeVisible();

  await page.getByRole("button", { name: "Shortcuts" }).click();
  await expect(frame.shortcuts).toBeVisible();
  await frame.shortcuts.getByRole("button", { name: "Close" }).click();
  await expect(frame.shortcuts).toBeHidden();
});

test("with a modifier, keys stay the browser’s", async ({ today, frame, page }) => {
  await today.open();
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Alt+a");
  await page.keyboard.press("r");
  await expect(today.autoRefresh).toBeChecked();
  await expect(frame.heading("Today")).toBeVisible();
});

test("everything on Today can be reached and opened by keyboard", async ({ today, page }) => {
  await today.open();
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to the numbers" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("main")).toBeFocused();

  const entry = today.entry("lisa");
  await entry.summary.focus();
  await page.keyboard.press("Enter");
  await expect(entry.uses).toHaveCount(1);
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Usage of acme" })).toBeFocused();

  const help = page.getByRole("button", { name: "What “Users online” means" });
  await help.focus();
  await page.keyboard.press("Enter");
  const text = page.locator("#help-users-online");
  await expect(text).toBeVisible();
  await expect(text).toContainText("at most 5 minutes old");
  await page.keyboard.press("Escape");
  await expect(text).toBeHidden();
  await expect(help).toBeFocused();
});
