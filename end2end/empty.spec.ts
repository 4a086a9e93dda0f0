import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "./fixtures";

const run = promisify(execFile);

test("an empty workspace turns live on its first event, sent as the page says", async ({
  today,
  frame,
  time,
  page,
}) => {
  await today.open();
  await expect(today.emptyWorkspace).toContainText("Waiting for the first event");
  await page.evaluate(() => (document.body.dataset.sameDocument = ""));

  const line = await today.emptyWorkspace.locator("pre").innerText();
  const { stdout } = await run("sh", ["-c", line]);
  expect(JSON.parse(stdout)).toMatchObject({ accepted: 1 });
  await time.pass({ seconds: 3 });
  await expect(today.emptyWorkspace).toBeHidden();
  await expect(today.card("Users online").value).toHaveText("1");
  await expect(today.entry("lisa").what).toContainText("Export 1");
  await expect(page.locator("body")).toHaveAttribute("data-same-document");
  await expect(frame.banner).toBeHidden();
});

test("Activities waits for the first event too", async ({ server, activities, today, time }) => {
  await activities.open();
  await expect(today.emptyWorkspace).toBeVisible();
  await server.send({ account: "acme", user: "lisa", module: "Dashboard", action: "Export" });
  await time.pass({ seconds: 3 });
  await expect(today.emptyWorkspace).toBeHidden();
  await expect(activities.ranges).toContainText("data since Mon, 23 Nov 2026");
});

test("the line can be copied", async ({ today, context, page }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await today.open();
  await today.emptyWorkspace.getByRole("button", { name: "Copy" }).click();
  await expect(today.emptyWorkspace.getByRole("button", { name: "Copied" })).toBeVisible();
  const line = await today.emptyWorkspace.locator("pre").textContent();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(line);
});

test("without JavaScript it teaches as well", { tag: "@nojs" }, async ({ today, server }) => {
  await today.open();
  await expect(today.emptyWorkspace.locator("pre")).toContainText(`curl -X POST ${server.origin}/api/v1/events`);
});
