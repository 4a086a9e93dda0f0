import { expect, type Locator, type Page, type Response } from "@playwright/test";

/** What is on every page. */
export class Frame {
  readonly banner: Locator;
  readonly shortcuts: Locator;

  constructor(
    readonly page: Page,
    private readonly scripting: boolean,
  ) {
    this.banner = page.locator(".banner");
    this.shortcuts = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  }

  /** Opens an address, and waits until the page does what it is told. */
  async open(address: string): Promise<Response | null> {
    const response = await this.page.goto(address);
    await this.takenOver();
    return response;
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await this.takenOver();
  }

  link(name: "Today" | "Activities" | "Data quality"): Locator {
    return this.page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name });
  }

  theme(name: "System" | "Light" | "Dark"): Locator {
    return this.page.getByRole("group", { name: "Theme" }).getByRole("button", { name });
  }

  heading(name: string): Locator {
    return this.page.getByRole("heading", { level: 1, name });
  }

  private async takenOver(): Promise<void> {
    if (this.scripting) await expect.poll(() => this.page.evaluate(() => window.takenOver)).toBe(true);
  }
}
