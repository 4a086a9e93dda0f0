import { readFile } from "node:fs/promises";
import { expect, test } from "./fixtures";
import { FIRST_EVENT, TWO_WEEKS, twoWeeks, uses } from "./history";
import type { Column } from "./pages/activities";
import type { UsageEvent } from "./server";

test.describe("periods", () => {
  test.beforeEach(async ({ server, activities }) => {
    await server.send(
      FIRST_EVENT,
      ...twoWeeks(),
      uses("2026-11-22", "Dashboard", "View", 12),
      uses("2026-09-01", "Board", "Edit", 3),
    );
    await activities.open();
  });

  for (const { name, days, previous, search } of [
    {
      name: "Last 90 days",
      days: "25 Aug – 22 Nov 2026",
      previous: "27 May – 24 Aug 2026",
      search: "?period=last_90_days",
    },
    { name: "Last 30 days", days: "24 Oct – 22 Nov 2026", previous: "24 Sep – 23 Oct 2026", search: "" },
    {
      name: "Last 7 days",
      days: "16 Nov – 22 Nov 2026",
      previous: "9 Nov – 15 Nov 2026",
      search: "?period=last_7_days",
    },
    { name: "Yesterday", days: "22 Nov 2026", previous: "21 Nov 2026", search: "?period=yesterday" },
  ]) {
    test(`${name}, with both date ranges`, { tag: "@nojs" }, async ({ activities, page }) => {
      await activities.period("Yesterday").click();
      await expect(activities.ranges).toContainText("22 Nov 2026");
      await activities.period(name).click();
      await expect(activities.ranges).toContainText(`${days} compared with ${previous} · UTC`);
      await expect(activities.period(name)).toHaveAttribute("aria-current", "true");
      await expect(page).toHaveURL((url) => url.pathname === "/activities" && url.search === search);
    });
  }

  test("any range of days", { tag: "@nojs" }, async ({ activities, page }) => {
    await expect(activities.from).toHaveValue("2026-10-24");
    await expect(activities.to).toHaveValue("2026-11-22");
    await activities.from.fill("2026-11-16");
    await activities.to.fill("2026-11-18");
    await activities.show.click();
    await expect(activities.ranges).toContainText("16 Nov – 18 Nov 2026 compared with 13 Nov – 15 Nov 2026");
    await expect(page).toHaveURL(/\/activities\?from=2026-11-16&to=2026-11-18$/);
    await expect(activities.from).toHaveValue("2026-11-16");
    await expect(activities.rows).toHaveCount(5);
  });

  test(
    "a range that ends before it begins is explained beside it, and can be mended",
    { tag: "@nojs" },
    async ({ activities, page, complaints }) => {
      complaints.allow(/status of 422/);
      await activities.open("?account=acme&filter=view");
      await activities.from.fill("2026-11-18");
      await activities.to.fill("2026-11-16");
      await activities.show.click();
      await expect(page.getByRole("alert")).toContainText("from: 2026-11-18 is after 2026-11-16");
      await expect(activities.from).toHaveValue("2026-11-18");
      await expect(activities.to).toHaveValue("2026-11-16");
      await expect(activities.periods.locator("[aria-current]")).toHaveCount(0);

      await activities.to.fill("2026-11-18");
      await activities.show.click();
      await expect(page.getByRole("alert")).toHaveCount(0);
      await expect(activities.ranges).toContainText("18 Nov 2026 compared with 17 Nov 2026");
      await expect(page).toHaveURL((url) => url.searchParams.get("account") === "acme");
      await expect(activities.filter).toHaveValue("view");
    },
  );

  test("an address that is wrong still leads to every period", { tag: "@nojs" }, async ({ activities, complaints }) => {
    complaints.allow(/status of 422/);
    await activities.open("?from=2026-02-30&sort=size");
    await activities.period("Last 7 days").click();
    await expect(activities.ranges).toContainText("16 Nov – 22 Nov 2026");
  });

  test("keys choose a period there too", async ({ activities, page, complaints }) => {
    complaints.allow(/status of 422/);
    await activities.open("?from=2026-02-30");
    await page.keyboard.press("1");
    await expect(activities.ranges).toContainText("22 Nov 2026");
  });

  test("the back button returns to the period before", { tag: "@nojs" }, async ({ activities, page }) => {
    await activities.period("Yesterday").click();
    await expect(activities.ranges).toContainText("compared with 21 Nov 2026");
    await page.goBack();
    await expect(activities.ranges).toContainText("24 Oct – 22 Nov 2026");
    await expect(activities.period("Last 30 days")).toHaveAttribute("aria-current", "true");
  });
});

test("without a complete period before there is no comparison", { tag: "@nojs" }, async ({ server, activities }) => {
  await server.send(uses("2026-11-12", "Board", "Edit", 3), uses("2026-11-20", "Board", "Edit", 4));
  await activities.open("?period=last_7_days");
  await expect(activities.ranges).toContainText("16 Nov – 22 Nov 2026 no comparison, data since Thu, 12 Nov 2026");
  await expect(activities.rows.locator("td")).toHaveText(["Edit", "4", "–", "– no comparison"]);
  await expect(activities.timeSpent.place).not.toContainText("before");
});

test("the top five, most actions first", { tag: "@nojs" }, async ({ server, activities }) => {
  await server.send(FIRST_EVENT, ...twoWeeks(), uses("2026-11-19", "Wiki", "Read", 2));
  await activities.open("?period=last_7_days");
  const names = (section: typeof activities.topModules) => section.locator(".ranked-name strong");
  await expect(names(activities.topActivities)).toHaveText(["View", "Export", "View", "Create", "Find"]);
  await expect(names(activities.topModules)).toHaveText(["Dashboard", "Report", "Board", "Search", "Wiki"]);
  const figures = activities.topModules.locator(".ranked-figures");
  await expect(figures).toHaveText(
    [/^39\s*↑\+290.0 % up\s*before 10$/, /^6\s*↓−53.8 % down\s*before 13$/, /^5\s*↑New\s*before 0$/, /−60.0 %/, /New/],
    { useInnerText: false },
  );
});

test.describe("the table", () => {
  test.beforeEach(async ({ server, activities }) => {
    await server.send(FIRST_EVENT, ...twoWeeks());
    await activities.open("?period=last_7_days");
  });

  const columns: Column[] = ["Module", "Action", "Actions", "Before", "Change"];
  for (const [index, column] of columns.entries()) {
    test(`sorts by ${column} both ways`, { tag: "@nojs" }, async ({ activities }) => {
      const isName = column === "Module" || column === "Action";
      const sorted = TWO_WEEKS.map((row) => row[index] ?? "");
      if (column !== "Change") {
        sorted.sort((one, other) => (isName ? (one < other ? -1 : 1) : Number(other) - Number(one)));
      }
      const cells = activities.rows.locator(`:scope > :nth-child(${index + 1})`);

      // The table opens by actions, where a first click therefore reverses.
      if (column === "Actions") await activities.sort("Module").click();
      await activities.sort(column).click();
      await expect(activities.head(column)).toHaveAttribute("aria-sort", isName ? "ascending" : "descending");
      await expect(cells).toContainText(sorted.map(String));
      await expect(activities.table.locator("[aria-sort]")).toHaveCount(1);

      await activities.sort(column).click();
      await expect(activities.head(column)).toHaveAttribute("aria-sort", isName ? "descending" : "ascending");
      await expect(cells).toContainText(sorted.map(String).reverse());
    });
  }

  test("says changes by arrow, sign and words", { tag: "@nojs" }, async ({ activities }) => {
    await activities.sort("Change").click();
    await expect(activities.head("Change")).toHaveAttribute("aria-sort", "descending");
    await expect(activities.rows.locator("td:last-child")).toHaveText([
      "↑New",
      "↑>999 % up",
      "↑+12.5 % up",
      "0.0 % unchanged",
      "↓−60.0 % down",
      "↓−100 %, Stopped",
    ]);
  });

  test("filters while typing, and keeps the focus", async ({ activities, page }) => {
    await activities.filter.pressSequentially("dash");
    await expect(activities.rows).toHaveCount(2);
    await expect(page).toHaveURL(/period=last_7_days&filter=dash$/);
    await expect(activities.filter).toBeFocused();
    await activities.filter.pressSequentially("zzz");
    await expect(activities.table.locator("xpath=../..")).toContainText("Nothing has “dashzzz” in its name.");
    await page.getByRole("link", { name: "Show all" }).click();
    await expect(activities.rows).toHaveCount(6);
    await expect(activities.filter).toHaveValue("");
  });

  test("filters by form, whatever the case", { tag: "@nojs" }, async ({ activities, page }) => {
    await activities.filter.fill("VIEW");
    await activities.filter.press("Enter");
    await expect(activities.rows).toHaveCount(2);
    await expect(page).toHaveURL(/period=last_7_days&filter=VIEW$/);
    await expect(activities.filter).toHaveValue("VIEW");
    await activities.sort("Module").click();
    await expect(activities.rows.locator("th")).toHaveText(["Dashboard", "Report"]);
    await expect(page).toHaveURL(/filter=VIEW&sort=module&order=asc$|filter=VIEW&sort=module$/);
  });

  test("space around the filter does not count", { tag: "@nojs" }, async ({ activities }) => {
    await activities.filter.fill(" view ");
    await activities.filter.press("Enter");
    await expect(activities.rows).toHaveCount(2);
  });

  test("a pause between two words does not join them", async ({ activities, page }) => {
    await activities.filter.pressSequentially("report ");
    await expect(page).toHaveURL(/filter=report$/);
    await expect(activities.filter).toHaveValue("report ");
  });

  test("what is typed is one step back", async ({ activities, page }) => {
    await activities.sort("Module").click();
    await expect(page).toHaveURL(/sort=module/);
    await activities.filter.pressSequentially("dash");
    await expect(page).toHaveURL(/filter=dash/);
    await page.goBack();
    await expect(page).toHaveURL(/\?period=last_7_days$/);
    await expect(activities.filter).toHaveValue("");
    await expect(activities.rows).toHaveCount(6);
  });

  test("shows modules too", { tag: "@nojs" }, async ({ activities, page }) => {
    await activities.sort("Action").click();
    await activities.tab("Modules").click();
    await expect(activities.tab("Modules")).toHaveAttribute("aria-current", "true");
    await expect(page).toHaveURL(/table=modules/);
    await expect(activities.table.locator("thead th")).toContainText(["Module", "Actions", "Before", "Change"]);
    await expect(activities.rows.locator("th")).toHaveText(["Dashboard", "Report", "Board", "Search"]);
  });

  test("the CSV file is what is shown", async ({ activities, page }) => {
    await activities.sort("Module").click();
    await activities.filter.fill("r");
    await expect(activities.rows).toHaveCount(6);
    await activities.filter.fill("re");
    await expect(activities.rows).toHaveCount(3);
    const shown = await activities.rows.evaluateAll((rows) =>
      rows.map((row) => Array.from(row.children, (cell) => cell.textContent ?? "").slice(0, 4)),
    );

    const download = page.waitForEvent("download");
    await activities.csv.click();
    const file = await download;
    expect(file.suggestedFilename()).toBe("activities-2026-11-16-2026-11-22.csv");
    const [head, ...lines] = (await readFile(await file.path(), "utf8")).trimEnd().split("\r\n");
    expect(head).toBe("\ufeffmodule,action,actions,previous_actions,change,change_percent");
    // Texts stand in quotes, whatever is in them.
    const cells = lines.map((line) => line.split(",").map((cell) => cell.replace(/^"(.*)"$/, "$1")));
    expect(cells.map((line) => line.slice(0, 4))).toEqual(shown);
    expect(cells.map((line) => line.slice(4))).toEqual([
      ["new", ""],
      ["stopped", "-100.0"],
      ["percent", "0.0"],
    ]);
  });
});

test("the pager turns pages, and sorting begins anew", { tag: "@nojs" }, async ({ server, activities, page }) => {
  const name = (index: number) => `Module ${String(index).padStart(3, "0")}`;
  await server.send(
    FIRST_EVENT,
    ...Array.from({ length: 120 }, (_, index) => uses("2026-11-18", name(index), "Open", 1)),
  );
  await activities.open("?period=last_7_days&sort=module");
  await expect(activities.pager).toContainText("1–100 of 120");
  await expect(activities.rows).toHaveCount(100);
  await expect(activities.turn("Previous")).toHaveCount(0);
  await activities.turn("Next").click();
  await expect(activities.pager).toContainText("101–120 of 120");
  await expect(activities.rows).toHaveCount(20);
  await expect(activities.rows.first()).toContainText(name(100));
  await expect(activities.turn("Next")).toHaveCount(0);
  await activities.sort("Module").click();
  await expect(activities.rows.first()).toContainText(name(119));
  await expect(activities.pager).toContainText("1–100 of 120");
  await expect(page).not.toHaveURL(/offset/);
});

test("a list of 5,000 activities sorts and filters", async ({ server, activities, page }) => {
  const events = Array.from({ length: 5_000 }, (_, index) =>
    uses("2026-11-18", `Module ${index % 50}`, `Action ${index}`, 5_000 - index),
  );
  await server.send(FIRST_EVENT);
  await server.send(...events);
  await activities.open("?period=last_7_days");
  const actions = (events: UsageEvent[]) => events.slice(0, 100).map(({ action }) => String(action));
  const cells = activities.rows.locator("td:nth-child(2)");
  await expect(activities.pager).toContainText("1–100 of 5,000");
  await expect(cells).toHaveText(actions(events));

  const asked: string[] = [];
  await page.route("**/api/**", (route) => {
    asked.push(new URL(route.request().url()).pathname);
    return route.continue();
  });
  await activities.sort("Actions").click();
  await expect(cells).toHaveText(actions(events.toReversed()));
  await activities.filter.fill("module 7");
  await expect(activities.pager).toContainText("1–100 of 100");
  await expect(cells).toHaveText(actions(events.filter(({ module }) => module === "Module 7").toReversed()));
  // Neither needs the figures and charts of the period anew.
  expect(asked).toEqual(["/api/v1/usage/activities", "/api/v1/usage/activities"]);
});

test("an account nobody knows does not look like a quiet one", { tag: "@nojs" }, async ({ server, activities }) => {
  await server.send(FIRST_EVENT, ...twoWeeks());
  await activities.open("?period=last_7_days&account=nobody");
  await expect(activities.topModules).toContainText("No activity by account “nobody” in this period");
  await expect(activities.table.locator("xpath=../..")).toContainText(
    "No activity by account “nobody” in either period",
  );
});

test("one account alone", { tag: "@nojs" }, async ({ server, activities }) => {
  await server.send(FIRST_EVENT, ...twoWeeks(), { ...uses("2026-11-18", "Board", "Create", 7), account: "globex" });
  await activities.open("?period=last_7_days&account=globex");
  await expect(activities.rows).toHaveCount(1);
  await expect(activities.rows.locator("td").nth(1)).toHaveText("7");
  await activities.period("Yesterday").click();
  await expect(activities.ranges).toContainText("22 Nov 2026 compared");
  await expect(activities.rows).toHaveCount(0);
});
