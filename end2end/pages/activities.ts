import { expect, type Locator, type Page } from "@playwright/test";
import type { Frame } from "./frame";

export type Column = "Module" | "Action" | "Actions" | "Before" | "Change";

export class ActivitiesPage {
  /** The days on screen, those they are compared with, the zone. */
  readonly ranges: Locator;
  readonly periods: Locator;
  readonly from: Locator;
  readonly to: Locator;
  readonly show: Locator;
  readonly timeSpent: Chart;
  readonly topActivities: Locator;
  readonly topModules: Locator;
  readonly filter: Locator;
  readonly table: Locator;
  readonly rows: Locator;
  readonly csv: Locator;
  readonly pager: Locator;
  /** What is not tracked, where that is told. */
  readonly notTracked: Locator;

  constructor(
    private readonly page: Page,
    private readonly frame: Frame,
  ) {
    this.ranges = page.locator(".as-of");
    this.periods = page.getByRole("navigation", { name: "Period" });
    this.from = page.getByLabel("From", { exact: true });
    this.to = page.getByLabel("To", { exact: true });
    this.show = page.getByRole("button", { name: "Show", exact: true });
    this.timeSpent = new Chart(page.locator(".time-spent"));
    this.topActivities = page
      .locator(".top-five")
      .filter({ has: page.getByRole("heading", { name: "Top activities" }) });
    this.topModules = page.locator(".top-five").filter({ has: page.getByRole("heading", { name: "Top modules" }) });
    const section = page.getByRole("region", { name: "All activities and modules" });
    this.filter = section.getByRole("searchbox", { name: "Filter by name" });
    this.table = section.getByRole("table");
    this.rows = this.table.locator("tbody tr");
    this.csv = section.getByRole("link", { name: "CSV" });
    this.pager = section.locator(".pager");
    this.notTracked = page.getByRole("region", { name: "Not tracked" });
  }

  async open(search = ""): Promise<void> {
    await this.frame.open(`/activities${search}`);
  }

  /** Every figure and name on the page, those in closed tables too. */
  async everything(): Promise<string> {
    await expect(this.rows.first()).toBeVisible();
    return (await this.page.getByRole("main").textContent()) ?? "";
  }

  period(name: string): Locator {
    return this.periods.getByRole("link", { name });
  }

  tab(name: "Activities" | "Modules"): Locator {
    return this.page.getByRole("navigation", { name: "Table" }).getByRole("link", { name });
  }

  head(column: Column): Locator {
    return this.table.locator("thead th").filter({ has: this.page.getByRole("link", { name: column, exact: true }) });
  }

  /** The link that sorts by a column. */
  sort(column: Column): Locator {
    return this.head(column).getByRole("link");
  }

  turn(name: "Previous" | "Next"): Locator {
    return this.pager.getByRole("link", { name });
  }
}

/** A bar chart with what belongs to it, within a section or a row. */
export class Chart {
  readonly bars: Locator;
  readonly canvas: Locator;
  readonly tooltip: Locator;
  readonly asTable: Locator;

  constructor(readonly place: Locator) {
    this.bars = place.getByRole("slider");
    this.canvas = place.locator("canvas");
    this.tooltip = place.locator(".tooltip");
    this.asTable = place.locator(".as-table");
  }

  /** The middle of a bar of a large chart, relative to the chart's upper left corner. */
  async middleOf(index: number, count: number): Promise<{ x: number; y: number }> {
    const axis = 48;
    const { width, height } = await this.bars.evaluate((chart) => chart.getBoundingClientRect());
    return { x: axis + ((width - axis) / count) * (index + 0.5), y: height / 2 };
  }
}
