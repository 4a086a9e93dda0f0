import { expect, type Locator, type Page } from "@playwright/test";
import type { Frame } from "./frame";

/** Signing in with a provider: the button here, and the page there. */
export class SingleSignOnPages {
  readonly button: Locator;
  readonly alert: Locator;

  constructor(
    readonly page: Page,
    private readonly frame: Frame,
  ) {
    this.button = page.getByRole("link", { name: "Sign in with Example" });
    this.alert = page.getByRole("alert");
  }

  async open(address = "/sign-in"): Promise<void> {
    await this.frame.open(address);
  }

  /** Goes to the provider, and says who one is. */
  async signInAs(who: string): Promise<void> {
    await this.button.click();
    await this.page.getByLabel("Who are you?").fill(who);
    await this.page.getByRole("button", { name: "Continue" }).click();
  }

  /** Goes to the provider, and says no. */
  async decline(): Promise<void> {
    await this.button.click();
    await expect(this.page).toHaveTitle("Example Identity");
    await this.page.getByRole("link", { name: "Cancel" }).click();
  }
}
