import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures";

const LIGHT = "rgb(250, 250, 250)";

test.use({ colorScheme: "light" });

const background = (page: Page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

/** Notes the theme of the document when its body begins: whatever is painted comes later. */
async function noteFirstTheme(page: Page): Promise<void> {
  await page.addInitScript(() => {
    new MutationObserver((_, observer) => {
      if (!document.body) return;
      window.firstTheme = document.documentElement.dataset.theme ?? "system";
      observer.disconnect();
    }).observe(document, { childList: true, subtree: true });
  });
}

declare global {
  interface Window {
    firstTheme?: string;
  }
}

test("the theme is the system’s until one is chosen", async ({ today, frame, page }) => {
  await today.open();
  await expect(frame.theme("System")).toHaveAttribute("aria-pressed", "true");
  expect(await background(page)).toBe(LIGHT);
  await page.emulateMedia({ colorScheme: "dark" });
  await expect.poll(() => background(page)).not.toBe(LIGHT);
});

for (const [name, system] of [
  ["Light", "dark"],
  ["Dark", "light"],
] as const) {
  test(`${name} is remembered, and set before the first paint`, async ({ today, frame, page }) => {
    await noteFirstTheme(page);
    await page.emulateMedia({ colorScheme: system });
    await today.open();
    const systems = await background(page);
    await frame.theme(name).click();
    await expect.poll(() => background(page)).not.toBe(systems);
    const chosen = await background(page);

    await frame.reload();
    expect(await page.evaluate(() => window.firstTheme)).toBe(name.toLowerCase());
    await expect(frame.theme(name)).toHaveAttribute("aria-pressed", "true");
    expect(await background(page)).toBe(chosen);

    await frame.theme("System").click();
    await expect.poll(() => background(page)).toBe(systems);
    await frame.reload();
    expect(await page.evaluate(() => window.firstTheme)).toBe("system");
  });
}
