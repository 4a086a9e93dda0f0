import type { BrowserContext } from "@playwright/test";

/**
 * What no page may do: complain on the console (a hydration warning, say), throw, ask another host for anything, or
 * have a request of its own fail. A test that provokes one of these says so with `allow`.
 */
export class Complaints {
  private readonly heard: string[] = [];
  private readonly allowed: RegExp[] = [];

  constructor(context: BrowserContext, origin: string, scripting: boolean) {
    // What is preloaded for scripts goes unused without them, as it should.
    if (!scripting) this.allow(/^failed: .*\.js csp$/, /was preloaded using link preload but not used/);
    context.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) this.heard.push(`console: ${message.text()}`);
    });
    context.on("weberror", (error) => this.heard.push(`thrown: ${error.error().message}`));
    context.on("request", (request) => {
      const url = request.url();
      if (/^(https?|wss?):/.test(url) && new URL(url).origin !== origin) this.heard.push(`another host: ${url}`);
    });
    context.on("requestfailed", (request) => {
      const reason = request.failure()?.errorText ?? "";
      // The page gives up what it no longer needs.
      if (reason !== "net::ERR_ABORTED") this.heard.push(`failed: ${request.url()} ${reason}`);
    });
  }

  allow(...patterns: RegExp[]): void {
    this.allowed.push(...patterns);
  }

  get unexpected(): string[] {
    return this.heard.filter((complaint) => !this.allowed.some((pattern) => pattern.test(complaint)));
  }
}
