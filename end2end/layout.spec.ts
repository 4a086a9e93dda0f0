import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures";
import { FIRST_EVENT, twoWeeks, uses } from "./history";
import type { Server } from "./server";

/** A name as long as names get. */
const LONG = "Extraordinarilylongmodulename".repeat(3);

async function sendMuch(server: Server): Promise<void> {
  const users = Array.from({ length: 30 }, (_, index) => ({
    account: { id: `a${index % 12}`, name: `Account ${index % 12} of the Long Name Company Limited` },
    user: { id: `u${index}`, name: `User Number ${index}` },
    module: index === 0 ? LONG : `Module ${index % 11}`,
    action: "Edit",
    // Within the ticks of a test nobody goes offline, and no entry grows older by a whole minute.
    time: server.ago({ minutes: 29 - index, seconds: 20 }),
  }));
  await server.send(FIRST_EVENT, ...twoWeeks(), uses("2026-11-18", LONG, "Open", 123_456), ...users);
}

for (const width of [360, 390, 768, 1440, 2560]) {
  test.describe(`${width} pixels wide`, () => {
    test.use({ viewport: { width, height: 844 } });

    test(
      "nothing is wider than the page",
      { tag: "@nojs" },
      async ({ server, today, activities, quality, frame, page, complaints }) => {
        complaints.allow(/status of 404/);
        const tooWide = () =>
          page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        await today.open();
        expect(await tooWide(), "empty").toBeLessThanOrEqual(0);
        await sendMuch(server);
        await today.open();
        await today.entry("User Number 0").summary.click();
        expect(await tooWide(), "Today").toBeLessThanOrEqual(0);
        await activities.open();
        expect(await tooWide(), "Activities").toBeLessThanOrEqual(0);
        await activities.timeSpent.asTable.locator("summary").click();
        await activities.topModules.locator(".as-table summary").click();
        expect(await tooWide(), "Activities with its tables").toBeLessThanOrEqual(0);
        await server.send(uses("2026-11-18", LONG.toLowerCase(), "Open", 1));
        await server.offer({ account: "acme", user: LONG, module: `${LONG} ${LONG} ${LONG}`, action: "Edit" });
        await quality.open();
        expect(await tooWide(), "Data quality").toBeLessThanOrEqual(0);
        await quality.sent(quality.rejects.first()).locator("summary").click();
        expect(await tooWide(), "Data quality with an event").toBeLessThanOrEqual(0);
        await frame.open("/nowhere");
        expect(await tooWide(), "Not found").toBeLessThanOrEqual(0);
      },
    );

    test.describe("for an administrator", () => {
      test.use({ signIn: true });

      test("nothing is wider than the page", { tag: "@nojs" }, async ({
        server,
        members,
        teams,
        keys,
        tracking,
        privacy,
        page,
      }) => {
        test.slow();
        const fits = async (what: string) => {
          const tooWide = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
          expect(await page.evaluate(tooWide), what).toBeLessThanOrEqual(0);
        };
        await members.createFirst();
        for (const path of ["/tracking", "/privacy"]) {
          await members.open(path);
          await fits(`${path}, empty`);
        }
        await sendMuch(server);
        await teams.open();
        await teams.add(LONG, LONG);
        await fits("/teams");
        await members.open("/members");
        await members.invite(LONG, `${LONG.slice(0, 60)}@example.com`, [LONG]);
        await fits("/members");
        await keys.open();
        await keys.make(LONG.slice(0, 60));
        await fits("/keys");

        await tracking.open();
        await fits("/tracking");
        const form = await tracking.change(LONG, "Edit");
        await form.name.fill(LONG.toUpperCase());
        await form.merged.selectOption("Open");
        await form.save.click();
        await expect(form.panel).toContainText("It counts as Open");
        await fits("/tracking with a form");
        await tracking.rules.rule(0).on.selectOption("event begins with");
        await tracking.rules.rule(0).prefix.fill(LONG);
        await tracking.rules.rule(0).module.fill(LONG);
        await tracking.rules.preview.click();
        await expect(tracking.rules.panel.getByRole("status")).toBeVisible();
        await fits("/tracking with a preview");

        await server.send({ account: { id: LONG, name: LONG }, user: LONG, module: LONG, action: "Edit" });
        await privacy.open();
        await privacy.lookUp(LONG, LONG);
        await expect(privacy.asked).toBeVisible();
        await fits("/privacy with what would go");
        await privacy.confirm(LONG);
        await expect(privacy.receipts).toHaveCount(1);
        await fits("/privacy");
        for (const path of ["/audit", "/profile"]) {
          await members.open(path);
          await fits(path);
        }
      });
    });
  });
}

for (const width of [360, 390]) {
  test.describe(`${width} pixels wide, the table`, () => {
    test.use({ viewport: { width, height: 844 } });

    test("has whole words, and nothing is cut", { tag: "@nojs" }, async ({ server, activities }) => {
      await server.send(FIRST_EVENT, ...twoWeeks(), uses("2026-11-18", "Conversations", "Subscribe", 1_000_000));
      await activities.open("?period=last_7_days&sort=change");
      expect(await activities.table.evaluate(brokenAndCut)).toEqual({ broken: [], cut: [] });
    });

    test("of names first seen has whole words, and nothing is cut", { tag: "@nojs" }, async ({ server, quality }) => {
      await server.send(...twoWeeks(), uses("2026-11-18", "Conversations", "Subscribe", 10_000));
      await quality.open();
      expect(await quality.firstSeen.evaluate(brokenAndCut)).toEqual({ broken: [], cut: [] });
    });
  });
}

/** Words of a table that are broken over lines, and those that are cut. */
function brokenAndCut(table: HTMLElement | SVGElement): { broken: string[]; cut: string[] } {
  const broken: string[] = [];
  const cut: string[] = [];
  const texts = document.createTreeWalker(table, NodeFilter.SHOW_TEXT);
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const cell = text.parentElement?.closest("th, td");
    if (!cell || text.parentElement?.closest(".visually-hidden, [popover]")) continue;
    const outer = cell.getBoundingClientRect();
    for (const { 0: word, index } of (text.textContent ?? "").matchAll(/\S+/g)) {
      const range = document.createRange();
      range.setStart(text, index);
      range.setEnd(text, index + word.length);
      const lines = range.getClientRects();
      if (lines.length > 1) broken.push(word);
      if ([...lines].some(({ left, right }) => left < outer.left - 0.5 || right > outer.right + 0.5)) cut.push(word);
    }
  }
  if (table.scrollWidth > (table.parentElement?.clientWidth ?? 0)) cut.push("the table");
  return { broken, cut };
}

/** What moved on the page without the reader’s doing. */
interface Shifts {
  /** The cumulative layout shift. */
  total: number;
  /** What moved up or down or changed its height, and from where to where. */
  upOrDown: string[];
}

/** Begins to note what moves; the answer says what did. */
async function watchShifts(page: Page): Promise<() => Promise<Shifts>> {
  await page.evaluate(() => {
    const shifts = { total: 0, upOrDown: [] as string[] };
    window.shifts = shifts;
    new PerformanceObserver((list) => {
      for (const shift of list.getEntries() as LayoutShift[]) {
        shifts.total += shift.value;
        for (const { node, previousRect: before, currentRect: after } of shift.sources) {
          const element = node instanceof Element ? node : node?.parentElement;
          if (before.top !== after.top || before.bottom !== after.bottom) {
            const places = `${before.top}–${before.bottom} to ${after.top}–${after.bottom}`;
            shifts.upOrDown.push(`${element?.className || element?.tagName} from ${places}`);
          }
        }
      }
    }).observe({ type: "layout-shift" });
  });
  return async () => {
    // What is observed is delivered after the next frame.
    await page.evaluate(() => new Promise((painted) => requestAnimationFrame(() => requestAnimationFrame(painted))));
    return page.evaluate(() => window.shifts);
  };
}

interface LayoutShift extends PerformanceEntry {
  value: number;
  sources: { node: Node | null; previousRect: DOMRectReadOnly; currentRect: DOMRectReadOnly }[];
}

declare global {
  interface Window {
    shifts: Shifts;
  }
}

for (const width of [390, 1440]) {
  test.describe(`${width} pixels wide, from tick to tick`, () => {
    test.use({ viewport: { width, height: 844 } });

    test("nothing moves", async ({ server, today, time, page }) => {
      await sendMuch(server);
      await today.open();
      await time.tick();
      await expect(today.card("Users online").change).toContainText("unchanged in the last 10 s");
      const shifts = await watchShifts(page);
      await time.tick();
      await time.tick();
      await expect(today.asOf).toContainText("as of 12:00:30");
      expect(await shifts()).toEqual({ total: 0, upOrDown: [] });
    });

    test("new figures move nothing up or down", async ({ server, today, time, page }) => {
      await sendMuch(server);
      await today.open();
      const shifts = await watchShifts(page);
      for (const user of ["u3", "u4"]) {
        await server.send({ account: "a3", user, module: "Module 3", action: "Edit" });
        await time.tick();
        await expect(today.news).toBeVisible();
      }
      await expect(today.asOf).toContainText("as of 12:00:20");
      expect((await shifts()).upOrDown).toEqual([]);
    });
  });
}

test("focus, scroll and open entries survive a refresh", async ({ server, today, time, page }) => {
  await sendMuch(server);
  await today.open();
  const entry = today.entry("User Number 12");
  await entry.summary.click();
  const link = page.getByRole("link", { name: /^Usage of Account 0/ });
  await link.focus();
  await today.streamScroll.evaluate((list) => (list.scrollTop = 300));
  await page.evaluate(() => window.scrollTo(0, 100));

  for (const user of ["u3", "u4"]) {
    await server.send({ account: "a3", user, module: "Module 3", action: "Edit" });
    await time.tick();
  }
  await expect(today.asOf).toContainText("as of 12:00:20");
  await expect(today.news).toBeVisible();
  await expect(link).toBeFocused();
  await expect(entry.uses).toHaveCount(1);
  expect(await today.streamScroll.evaluate((list) => list.scrollTop)).toBe(300);
  expect(await page.evaluate(() => window.scrollY)).toBe(100);
});

test("an open explanation survives a refresh", async ({ server, today, time, page }) => {
  await sendMuch(server);
  await today.open();
  await page.getByRole("button", { name: "What “Popular modules” means" }).click();
  await server.send({ account: "a3", user: "u3", module: "Module 3", action: "Edit" });
  await time.tick();
  await expect(today.asOf).toContainText("as of 12:00:10");
  await expect(page.locator("#help-popular-modules")).toBeVisible();
});

test("focus stays on its rank in a top ten", async ({ server, today, time }) => {
  await sendMuch(server);
  await today.open();
  const link = today.topTen("Most active accounts").getByRole("link").nth(2);
  await link.focus();
  await server.send({ account: "a3", user: "u99", module: "Module 3", action: "Edit" });
  await time.tick();
  await expect(today.asOf).toContainText("as of 12:00:10");
  await expect(link).toBeFocused();
});
