import { expect, test } from "./fixtures";

test("an address without a page says so", { tag: "@nojs" }, async ({ frame, page, complaints }) => {
  complaints.allow(/status of 404/);
  const response = await frame.open("/nowhere");
  expect(response?.status()).toBe(404);
  await expect(frame.heading("There is no such page")).toBeVisible();
  await expect(page).toHaveTitle("Not found · Usage Monitor");
  await page.getByRole("main").getByRole("link", { name: "Activities" }).click();
  await expect(frame.heading("Activities")).toBeVisible();
});

test("numbers that are no demonstration don’t say so", { tag: "@nojs" }, async ({ today, page }) => {
  await today.open();
  await expect(page.getByText("Demo data")).toHaveCount(0);
});

test.describe("with --demo", () => {
  test.use({ demo: true });

  test("every page says that its numbers are made up", { tag: "@nojs" }, async ({ today, frame, page }) => {
    await today.open();
    await expect(page.getByText("Demo data")).toBeVisible();
    await frame.link("Activities").click();
    await expect(frame.heading("Activities")).toBeVisible();
    await expect(page.getByText("Demo data")).toBeVisible();
  });
});

test.describe("as a reader elsewhere in the world", () => {
  test.use({ timezoneId: "America/Los_Angeles", locale: "de-DE", zone: "Europe/Berlin" });

  test("times and days are the reporting zone’s, before and after the page takes over", async ({
    server,
    today,
    time,
  }) => {
    await server.send({
      account: "acme",
      user: "lisa",
      module: "Board",
      action: "Edit",
      time: server.ago({ minutes: 1 }),
    });
    await today.open();
    await expect(today.asOf).toContainText("as of 13:00:00 · Europe/Berlin · Monday, 23 November 2026");
    await expect(today.entry("lisa").when).toHaveAttribute("title", "12:59");
    await time.tick();
    await expect(today.asOf).toContainText("as of 13:00:10 · Europe/Berlin");
  });
});
