import { expect, type Locator, type Page } from "@playwright/test";
import type { Frame } from "./frame";

/** What is tracked, under which name, and the rules of modules. */
export class TrackingPage {
  /** The names as they are sent. */
  readonly rows: Locator;
  readonly filter: Locator;
  readonly rules: RulesForm;

  constructor(
    readonly page: Page,
    private readonly frame: Frame,
  ) {
    this.rows = page.getByRole("table").locator("tbody tr");
    this.filter = page.getByRole("searchbox", { name: "Names that hold" });
    this.rules = new RulesForm(this.panel("Module rules"));
  }

  async open(): Promise<void> {
    await this.frame.open("/tracking");
  }

  row(name: string): Locator {
    return this.rows.filter({ has: this.page.getByRole("rowheader", { name, exact: true }) });
  }

  /** What leads to the form of a name. */
  link(name: string): Locator {
    return this.page.getByRole("link", { name: `Change ${name}`, exact: true });
  }

  form(module: string, action?: string): ChoiceForm {
    return new ChoiceForm(this.panel(action === undefined ? `Change ${module}` : `Change ${module} · ${action}`));
  }

  /** Opens the form of a module, or of an activity of it. */
  async change(module: string, action?: string): Promise<ChoiceForm> {
    await this.open();
    await this.link(module).click();
    if (action !== undefined) await this.link(action).click();
    const form = this.form(module, action);
    await expect(form.name).toBeVisible();
    return form;
  }

  private panel(title: string): Locator {
    return this.page.locator(".panel").filter({ has: this.page.getByRole("heading", { name: title, exact: true }) });
  }
}

export class ChoiceForm {
  readonly tracked: Locator;
  readonly name: Locator;
  readonly merged: Locator;
  readonly save: Locator;

  constructor(readonly panel: Locator) {
    this.tracked = panel.getByRole("checkbox", { name: "Tracked" });
    this.name = panel.getByLabel("Shown as");
    this.merged = panel.getByLabel("Merged into");
    this.save = panel.getByRole("button", { name: "Save" });
  }
}

class RulesForm {
  readonly save: Locator;
  readonly preview: Locator;

  constructor(readonly panel: Locator) {
    this.save = panel.getByRole("button", { name: "Save the rules" });
    this.preview = panel.getByRole("button", { name: "Preview" });
  }

  /** The fields of a rule, counted from 0. */
  rule(index: number): { on: Locator; prefix: Locator; module: Locator; action: Locator } {
    const field = (label: string) => this.panel.getByLabel(label, { exact: true }).nth(index);
    return {
      on: field("What the rule looks at"),
      prefix: field("How it begins"),
      module: field("The module"),
      action: field("What the action is"),
    };
  }
}
