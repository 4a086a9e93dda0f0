import { expect, test } from "./fixtures";
import { FIRST_EVENT, uses } from "./history";
import { Chart } from "./pages/activities";

/** Bars of the last 7 days; Thursday is the fourth. */
const DAYS = 7;
const THURSDAY = 3;

test.beforeEach(async ({ server, activities }) => {
  const minutes = (day: string, count: number) =>
    Array.from({ length: count }, (_, minute) => ({
      ...uses(day, "Board", "Edit", 1),
      time: `${day}T12:${String(minute).padStart(2, "0")}:00Z`,
    }));
  await server.send(
    FIRST_EVENT,
    ...minutes("2026-11-12", 10),
    ...minutes("2026-11-19", 15),
    ...minutes("2026-11-22", 5),
  );
  await activities.open("?period=last_7_days");
});

const THURSDAYS = ["Thu, 19 Nov 2026", "Time spent", "15 m", "Share of the period", "75.0 %", "12 Nov 2026", "10 m"];

test("by mouse, the tooltip says day, value, share and what was before", async ({ activities }) => {
  const { timeSpent } = activities;
  await expect(timeSpent.tooltip).toBeHidden();
  await timeSpent.bars.hover({ position: await timeSpent.middleOf(THURSDAY, DAYS) });
  await expect(timeSpent.tooltip).toBeVisible();
  await expect(timeSpent.tooltip.locator("strong, span:not(.tooltip-figures)")).toHaveText(THURSDAYS);
  await timeSpent.bars.hover({ position: await timeSpent.middleOf(0, DAYS) });
  await expect(timeSpent.tooltip).toContainText("Mon, 16 Nov 2026");
  await activities.filter.hover();
  await expect(timeSpent.tooltip).toBeHidden();
});

test("by keyboard, the tooltip goes from bar to bar and speaks", async ({ activities, page }) => {
  const { timeSpent } = activities;
  await timeSpent.bars.focus();
  await expect(timeSpent.tooltip).toContainText("Sun, 22 Nov 2026");
  for (const _ of [1, 2, 3]) await page.keyboard.press("ArrowLeft");
  await expect(timeSpent.tooltip.locator("strong, span:not(.tooltip-figures)")).toHaveText(THURSDAYS);
  await expect(timeSpent.bars).toHaveAttribute("aria-valuenow", "3");
  await expect(timeSpent.bars).toHaveAttribute(
    "aria-valuetext",
    "Thu, 19 Nov 2026: 15 m, 75.0 % of the period; 12 Nov 2026: 10 m",
  );
  await page.keyboard.press("ArrowRight");
  await expect(timeSpent.tooltip).toContainText("Fri, 20 Nov 2026");
  await page.keyboard.press("Home");
  await expect(timeSpent.tooltip).toContainText("Mon, 16 Nov 2026");
  await page.keyboard.press("ArrowLeft");
  await expect(timeSpent.tooltip).toContainText("Mon, 16 Nov 2026");
  await page.keyboard.press("End");
  await expect(timeSpent.tooltip).toContainText("Sun, 22 Nov 2026");
  await page.keyboard.press("Escape");
  await expect(timeSpent.tooltip).toBeHidden();
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Tab");
  await expect(timeSpent.tooltip).toBeHidden();
});

test("small charts have tooltips too", async ({ activities }) => {
  const chart = new Chart(activities.topActivities.locator(".ranked").first());
  await expect(chart.bars).toHaveAccessibleName("Board · Edit, actions per day");
  await chart.bars.focus();
  await expect(chart.tooltip.locator("strong, span:not(.tooltip-figures)")).toHaveText([
    "Sun, 22 Nov 2026",
    "Actions",
    "5",
    "Share of the period",
    "25.0 %",
    "15 Nov 2026",
    "0 actions",
  ]);
});

test("every figure is in a table as well", { tag: "@nojs" }, async ({ activities }) => {
  const { asTable } = activities.timeSpent;
  await asTable.locator("summary").click();
  const rows = asTable.getByRole("row");
  await expect(rows).toHaveCount(1 + DAYS);
  await expect(rows.nth(0).getByRole("columnheader")).toHaveText(["Day", "Time spent", "Share", "Before"]);
  await expect(rows.nth(1 + THURSDAY).getByRole("cell")).toHaveText(["15 m", "75.0 %", "10 m"]);
  await expect(rows.nth(1 + THURSDAY).getByRole("rowheader")).toHaveText("Thu, 19 Nov 2026");

  await activities.topModules.locator(".as-table summary").click();
  const modules = activities.topModules.getByRole("table");
  await expect(modules.getByRole("columnheader")).toHaveText(["Day", "Board"]);
  await expect(modules.getByRole("row").nth(1 + THURSDAY)).toContainText("15");
});

test("the tooltip survives what the page asks for meanwhile", async ({ activities, page, time }) => {
  await activities.timeSpent.bars.focus();
  await page.keyboard.press("ArrowLeft");
  const asked = page.waitForResponse(/\/api\/v1\/workspace/);
  await time.pass({ seconds: 61 });
  await (await asked).finished();
  await expect(activities.timeSpent.tooltip).toBeVisible();
  await expect(activities.timeSpent.tooltip).toContainText("Sat, 21 Nov 2026");
  await expect(activities.timeSpent.bars).toBeFocused();
});

test.describe("on a touch screen", () => {
  test.use({ hasTouch: true, viewport: { width: 390, height: 844 } });

  test("a tap opens the tooltip, and it stays", async ({ activities }) => {
    const { timeSpent } = activities;
    await timeSpent.bars.tap({ position: await timeSpent.middleOf(THURSDAY, DAYS) });
    await expect(timeSpent.tooltip).toBeVisible();
    await expect(timeSpent.tooltip.locator("strong, span:not(.tooltip-figures)")).toHaveText(THURSDAYS);
    await timeSpent.bars.tap({ position: await timeSpent.middleOf(6, DAYS) });
    await expect(timeSpent.tooltip).toContainText("Sun, 22 Nov 2026");
  });
});

for (const ratio of [1, 2]) {
  test.describe(`with ${ratio} pixels of the screen a pixel of the page`, () => {
    test.use({ deviceScaleFactor: ratio });

    test("the chart is as sharp as the screen, and redrawn when its size changes", async ({ activities, page }) => {
      const { canvas } = activities.timeSpent;
      const size = () =>
        canvas.evaluate((element: HTMLCanvasElement) => [
          element.width / element.clientWidth,
          element.height / element.clientHeight,
        ]);
      const painted = () =>
        canvas.evaluate((element: HTMLCanvasElement) => {
          const blank = document.createElement("canvas");
          [blank.width, blank.height] = [element.width, element.height];
          return element.toDataURL() !== blank.toDataURL();
        });
      await expect.poll(size).toEqual([ratio, ratio]);
      expect(await painted()).toBe(true);

      const before = await canvas.evaluate((element) => element.clientWidth);
      await page.setViewportSize({ width: 900, height: 800 });
      await expect.poll(() => canvas.evaluate((element) => element.clientWidth)).not.toBe(before);
      await expect.poll(size).toEqual([ratio, ratio]);
      await expect.poll(painted).toBe(true);
    });
  });
}

test("the chart takes the theme’s colours", async ({ activities, frame }) => {
  const { canvas } = activities.timeSpent;
  const picture = () => canvas.evaluate((element: HTMLCanvasElement) => element.toDataURL());
  await frame.theme("Light").click();
  const light = await picture();
  await frame.theme("Dark").click();
  await expect.poll(picture).not.toBe(light);
  await frame.theme("Light").click();
  await expect.poll(picture).toBe(light);
});
