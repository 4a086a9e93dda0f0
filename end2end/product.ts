import { once } from "node:events";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A file of the product, by its path. Those without an ending are HTML. */
export type Files = Record<string, string>;

/**
 * A product whose use is monitored: pages on an origin of their own, which let in no more than the monitor needs. What
 * they load from elsewhere must say that it may be.
 */
export class Product {
  private constructor(
    readonly origin: string,
    private readonly server: HttpServer,
  ) {}

  /** `monitor` is the origin that the pages may load scripts and images from, and send to. */
  static async start(monitor: string, files: Files): Promise<Product> {
    const headers = {
      "content-security-policy": [
        "default-src 'none'",
        `script-src 'self' ${monitor}`,
        `connect-src ${monitor}`,
        `img-src ${monitor}`,
      ].join("; "),
      "cross-origin-embedder-policy": "require-corp",
      "cache-control": "no-store",
    };
    const server = createServer((request, response) => {
      const path = request.url ?? "";
      const text = files[path];
      const type = path.endsWith(".js") ? "text/javascript" : "text/html; charset=utf-8";
      response.writeHead(text === undefined ? 404 : 200, { ...headers, "content-type": type }).end(text);
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    return new Product(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, server);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }
}
