import type { Locator, Page } from "@playwright/test";
import type { Frame } from "./frame";

/** Erasing somebody, the receipts of that, and how long raw events are kept. */
export class PrivacyPage {
  readonly receipts: Locator;
  readonly account: Locator;
  readonly user: Locator;
  readonly alert: Locator;
  /** What would go, to be confirmed. */
  readonly asked: Locator;
  readonly days: Locator;
  /** The section of raw events. */
  readonly retention: Locator;

  constructor(
    readonly page: Page,
    private readonly frame: Frame,
  ) {
    const panel = (title: string | RegExp) =>
      page.locator(".panel").filter({ has: page.getByRole("heading", { name: title }) });
    this.receipts = panel("Receipts").locator("tbody tr");
    this.account = page.getByLabel("Account id");
    this.user = page.getByLabel("User id");
    this.alert = page.getByRole("alert");
    this.asked = panel(/^Erase the/);
    this.retention = panel("Raw events");
    this.days = page.getByLabel("Days to keep them");
  }

  async open(): Promise<void> {
    await this.frame.open("/privacy");
  }

  /** Asks what would go of a user, or of an account. */
  async lookUp(account: string, user = ""): Promise<void> {
    await this.account.fill(account);
    await this.user.fill(user);
    await this.page.getByRole("button", { name: "Show what would go" }).click();
  }

  /** Types an id to confirm what would go. */
  async confirm(id: string): Promise<void> {
    await this.page.getByLabel("Type the id to confirm").fill(id);
    await this.page.getByRole("button", { name: "Erase for good" }).click();
  }

  /** Keeps raw events for so many days; for good without any. */
  async keep(days: string): Promise<void> {
    await this.days.fill(days);
    // The field looks the same before the answer.
    const answered = this.page.waitForResponse((response) => response.request().method() === "POST");
    await this.page.getByRole("button", { name: "Keep them so long" }).click();
    await answered;
  }
}
