import type { Locator, Page } from "@playwright/test";
import type { Frame } from "./frame";

export class QualityPage {
  readonly asOf: Locator;
  /** The section of rejected events. */
  readonly rejected: Locator;
  /** The rows of rejected events, newest first. */
  readonly rejects: Locator;
  /** How many match. */
  readonly matching: Locator;
  /** What is said of requests that were refused whole. */
  readonly refused: Locator;
  /** What came of the last remedy. */
  readonly outcome: Locator;
  /** What can be done about all that match. */
  readonly remedies: Locator;
  /** The table of modules and actions that are new. */
  readonly firstSeen: Locator;

  constructor(
    private readonly page: Page,
    private readonly frame: Frame,
  ) {
    this.asOf = page.locator(".as-of");
    this.rejected = page.getByRole("region", { name: "Rejected events" });
    this.rejects = this.rejected.locator("tbody tr");
    this.matching = this.rejected.locator(".table-head [role=status]");
    this.refused = this.rejected.locator(".refused");
    this.outcome = this.rejected.locator(".outcome");
    this.firstSeen = page.getByRole("group", { name: "First seen" }).locator("table");
    this.remedies = this.rejected.locator(".table-head .remedies");
  }

  async open(search = ""): Promise<void> {
    await this.frame.open(`/quality${search}`);
  }

  /** The links that choose what rejected events have in common. */
  facet(name: "Reason" | "Protocol" | "Key"): Locator {
    return this.rejected.getByRole("navigation", { name });
  }

  /** What a rejected event opens to. */
  sent(row: Locator): Locator {
    return row.locator("details");
  }

  file(name: "NDJSON" | "CSV"): Locator {
    return this.rejected.getByRole("link", { name });
  }

  older(): Locator {
    return this.rejected.getByRole("link", { name: "Older" });
  }

  /** A section with a table of names or accounts. */
  section(title: "First seen" | "Names that differ only in case or spacing" | "Events far in the past"): Locator {
    return this.page.locator(".panel").filter({ has: this.page.getByRole("heading", { name: title }) });
  }
}
