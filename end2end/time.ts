import type { Page } from "@playwright/test";
import type { Server } from "./server";

/** The server's clock and the browser's, moved together, so that no test waits for a tick. */
export class Time {
  /** A page asks at most this long after a tick. */
  private static readonly GRACE = 700;

  constructor(
    private readonly server: Server,
    private readonly page: Page,
    private readonly scripting: boolean,
  ) {}

  /** Moves on to the server's next tick, and lets Today ask for it. */
  async tick(): Promise<void> {
    await this.server.tick();
    await this.refresh();
  }

  /** Sets the server's clock, and lets Today ask for its numbers. */
  async at(instant: string): Promise<void> {
    await this.server.at(instant);
    await this.refresh();
  }

  /** Lets time pass in the browser only. */
  async pass({ seconds }: { seconds: number }): Promise<void> {
    if (this.scripting) await this.page.clock.runFor(seconds * 1000);
  }

  private async refresh(): Promise<void> {
    if (!this.scripting) return;
    // The stream is what Today asks for last.
    const refreshed = this.page.waitForResponse(/\/api\/v1\/today\/stream/);
    await this.page.clock.runFor(10_000 + Time.GRACE);
    await (await refreshed).finished();
  }
}
