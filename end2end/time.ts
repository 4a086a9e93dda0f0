import type { Page } from "@playwright/test";
import type { Server } from "./server";

/** The server's clock and the browser's, moved together, so that no test waits for a tick. */
export class Time {
  /** A page asks at most this long after a tick. */
  private static readonly GRACE = 700;
  private static readonly OF_TODAY = /\/api\/v1\/today\/stream/;

  constructor(
    private readonly server: Server,
    private readonly page: Page,
    private readonly scripting: boolean,
  ) {}

  /** Moves on to the server's next tick, and lets the page ask for it; `last` is what it asks for last. */
  async tick(last = Time.OF_TODAY): Promise<void> {
    await this.server.tick();
    await this.refresh(last);
  }

  /** Sets the server's clock, and lets the page ask for its numbers. */
  async at(instant: string, last = Time.OF_TODAY): Promise<void> {
    await this.server.at(instant);
    await this.refresh(last);
  }

  /** Lets time pass in the browser only. */
  async pass({ seconds }: { seconds: number }): Promise<void> {
    if (this.scripting) await this.page.clock.runFor(seconds * 1000);
  }

  private async refresh(last: RegExp): Promise<void> {
    if (!this.scripting) return;
    const refreshed = this.page.waitForResponse(last);
    await this.page.clock.runFor(10_000 + Time.GRACE);
    await (await refreshed).finished();
  }
}
