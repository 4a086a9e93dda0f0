import { expect, type Locator, type Page } from "@playwright/test";
import type { Frame } from "./frame";

/** Keys, and the audit log of what was done with them. */
export class KeysPage {
  readonly rows: Locator;
  readonly shown: Locator;
  readonly copy: Locator;

  constructor(
    readonly page: Page,
    private readonly frame: Frame,
  ) {
    this.rows = page.getByRole("table").locator("tbody tr");
    this.shown = page.locator(".issued pre");
    this.copy = page.getByRole("button", { name: "Copy" });
  }

  async open(): Promise<void> {
    await this.frame.open("/keys");
  }

  /** Makes a key that may send events, and returns what its holder has. */
  async make(name: string): Promise<string> {
    await this.page.getByLabel("Name").fill(name);
    await this.page.getByLabel("What it does").selectOption("sends events");
    await this.page.getByLabel("It expires after").selectOption("90 days");
    await this.page.getByRole("button", { name: "Make the key" }).click();
    return this.shown.innerText();
  }

  /** Begins to do something with a key, which is asked about first. */
  async choose(name: string, step: "Rotate" | "Revoke"): Promise<void> {
    await this.page.getByRole("link", { name: `${step}: ${name}` }).click();
    await expect(this.page.getByRole("heading", { name: `${step} ${name}` })).toBeVisible();
  }

  async rotate(name: string, ends: string): Promise<string> {
    await this.choose(name, "Rotate");
    await this.page.getByLabel("The secret from before ends").selectOption(ends);
    await this.page.getByRole("button", { name: "Make another secret" }).click();
    return this.shown.innerText();
  }

  async revoke(name: string): Promise<void> {
    await this.choose(name, "Revoke");
    await this.page.getByRole("button", { name: "Revoke it for good" }).click();
  }
}
