import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { expect, test } from "./fixtures";
import { FIRST_EVENT, twoWeeks } from "./history";

async function violations(page: Page): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"])
    .analyze();
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join(" ")}`));
}

const EVENTS = [
  FIRST_EVENT,
  ...twoWeeks(),
  { account: "acme", user: "lisa", module: "Board", action: "Edit" },
  { account: "acme", user: "tom", module: "Board", action: "Edit", time: "2026-11-23T11:00:00Z" },
];

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [1440, 390]) {
    test.describe(`${colorScheme}, ${width} pixels wide`, () => {
      test.use({ colorScheme, viewport: { width, height: 844 } });

      test("Today", async ({ server, today, time, page }) => {
        await server.send(...EVENTS);
        await today.open();
        await server.send({ account: "globex", user: "ann", module: "Board", action: "Edit" });
        await time.tick();
        await expect(today.news).toBeVisible();
        await today.entry("lisa").summary.click();
        expect(await violations(page)).toEqual([]);
      });

      test("Activities", async ({ server, activities, page }) => {
        await server.send(...EVENTS);
        await activities.open("?period=last_7_days");
        await activities.timeSpent.asTable.locator("summary").click();
        await activities.timeSpent.bars.focus();
        await expect(activities.timeSpent.tooltip).toBeVisible();
        expect(await violations(page)).toEqual([]);
      });

      test("Data quality", async ({ server, quality, page }) => {
        await server.send(...EVENTS, { account: "acme", user: "lisa", module: "board", action: "edit" });
        await server.offer({ account: "acme" }, { account: "acme", user: "lisa", module: "Board" });
        await quality.open();
        await quality.sent(quality.rejects.first()).locator("summary").click();
        expect(await violations(page)).toEqual([]);
        await quality.remedies.getByRole("button", { name: "Replay" }).click();
        await expect(quality.outcome).toContainText("still rejected");
        expect(await violations(page)).toEqual([]);
      });

      test.describe("members", () => {
        test.use({ signIn: true });

        test("signing in", async ({ members, page, complaints }) => {
          complaints.allow(/status of 422/);
          await members.createFirst();
          await members.signOut();
          expect(await violations(page)).toEqual([]);
          await members.signIn("wrong password");
          await expect(page.getByRole("alert")).toBeVisible();
          expect(await violations(page)).toEqual([]);
        });

        test("links, profile and members", async ({ members, page, complaints }) => {
          complaints.allow(/status of 422/);
          await members.openFirstLink();
          expect(await violations(page)).toEqual([]);
          await members.fill({ name: "Ada", email: "ada@example.com", password: "short" });
          await expect(page.locator(".field-error")).toBeVisible();
          expect(await violations(page)).toEqual([]);
          await members.createFirst();
          await members.open("/profile");
          expect(await violations(page)).toEqual([]);
          await members.open("/members");
          await members.invite("Lisa Ray", "lisa@example.com");
          expect(await violations(page)).toEqual([]);
        });

        test("keys and the audit log", async ({ members, keys, page }) => {
          await members.createFirst();
          await keys.open();
          expect(await violations(page)).toEqual([]);
          await keys.make("website");
          expect(await violations(page)).toEqual([]);
          for (const step of ["Rotate", "Revoke"] as const) {
            await keys.open();
            await keys.choose("website", step);
            expect(await violations(page)).toEqual([]);
          }
          await members.open("/audit");
          expect(await violations(page)).toEqual([]);
        });

        test("Tracking", async ({ server, members, activities, tracking, page, complaints }) => {
          test.slow();
          complaints.allow(/status of 422/);
          await members.createFirst();
          await tracking.open();
          expect(await violations(page)).toEqual([]);
          await server.send(...EVENTS);
          const form = await tracking.change("Dashboard", "View");
          await form.name.fill("Export");
          await form.save.click();
          await expect(page.locator(".field-error")).toBeVisible();
          expect(await violations(page)).toEqual([]);
          await form.name.fill("");
          await form.tracked.uncheck();
          await form.save.click();
          await expect(tracking.row("View")).toContainText("Not tracked");
          const { rules } = tracking;
          await rules.rule(0).on.selectOption("event begins with");
          await rules.rule(0).prefix.fill("report.");
          await rules.rule(0).module.fill("Reports");
          await rules.preview.click();
          await expect(rules.panel.getByRole("status")).toBeVisible();
          expect(await violations(page)).toEqual([]);
          await activities.open("?period=last_7_days");
          await expect(activities.notTracked).toBeVisible();
          expect(await violations(page)).toEqual([]);
        });

        test("Privacy", async ({ server, members, privacy, page, complaints }) => {
          test.slow();
          complaints.allow(/status of 422/);
          await members.createFirst();
          await server.send(...EVENTS);
          await privacy.open();
          expect(await violations(page)).toEqual([]);
          await privacy.keep("a week");
          await expect(page.locator(".field-error")).toBeVisible();
          expect(await violations(page)).toEqual([]);
          await privacy.lookUp("acme", "nobody");
          await expect(privacy.alert).toBeVisible();
          expect(await violations(page)).toEqual([]);
          await privacy.lookUp("acme", "lisa");
          await expect(privacy.asked).toBeVisible();
          expect(await violations(page)).toEqual([]);
          await privacy.confirm("lisa");
          await expect(privacy.receipts).toHaveCount(1);
          expect(await violations(page)).toEqual([]);
        });
      });

      test("an empty workspace", async ({ today, page }) => {
        await today.open();
        expect(await violations(page)).toEqual([]);
      });

      test("no such page", async ({ frame, page, complaints }) => {
        complaints.allow(/status of 404/);
        await frame.open("/nowhere");
        expect(await violations(page)).toEqual([]);
      });

      test("what opens and what fails", async ({ server, today, frame, time, page, complaints }) => {
        complaints.allow(/status of 500/);
        await server.send(...EVENTS);
        await today.open();
        await page.route("**/api/v1/today", (route) => route.fulfill({ status: 500 }));
        await time.pass({ seconds: 45 });
        await time.pass({ seconds: 6 });
        await expect(frame.banner).toBeVisible();
        await page.getByRole("button", { name: "What “Users online” means" }).click();
        expect(await violations(page)).toEqual([]);
        await page.keyboard.press("?");
        await expect(frame.shortcuts).toBeVisible();
        expect(await violations(page)).toEqual([]);
      });
    });
  }
}
