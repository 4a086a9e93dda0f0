import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Provider as OpenIdProvider } from "oidc-provider";

/** Somebody as the provider knows them, by what they sign in with there. */
export interface Person {
  name: string;
  email: string;
  verified: boolean;
  groups: string[];
}

/** What the provider knows every server by. */
export const CLIENT = { id: "usage-monitor", secret: "the secret of the browser tests" };

/** A provider of single sign-on, on a host of its own. It believes everybody who they say they are. */
export class Provider {
  /** By what they sign in with. */
  readonly people = new Map<string, Person>();

  private constructor(
    readonly issuer: string,
    private readonly server: HttpServer,
  ) {}

  /** Listens. Nobody can sign in before it knows where to send them back to. */
  static async start(): Promise<Provider> {
    const server = createServer();
    await once(server.listen(0, "127.0.0.1"), "listening");
    return new Provider(`http://localhost:${(server.address() as AddressInfo).port}`, server);
  }

  /** Lets people sign in to a server. */
  serve(origin: string): void {
    const provider: OpenIdProvider = new OpenIdProvider(this.issuer, {
      clients: [
        {
          client_id: CLIENT.id,
          client_secret: CLIENT.secret,
          redirect_uris: [`${origin}/sign-in/oidc/callback`],
        },
      ],
      claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
      cookies: { keys: ["of the browser tests"] },
      jwks: { keys: [generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" })] },
      ttl: { AccessToken: 600, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
      features: { devInteractions: { enabled: false } },
      interactions: { url: (_, { uid }) => `/who/${uid}` },
      findAccount: (_, id) => {
        const person = this.people.get(id);
        if (!person) return undefined;
        const { name, email, verified, groups } = person;
        return { accountId: id, claims: () => ({ sub: id, name, email, email_verified: verified, groups }) };
      },
      // Nobody is asked whether the server may know who they are.
      loadExistingGrant: async ({ oidc: { client, session } }) => {
        const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
        grant.addOIDCScope("openid email profile groups");
        await grant.save();
        return grant;
      },
    });
    const answer = provider.callback();
    this.server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      const { pathname, searchParams } = new URL(request.url ?? "", this.issuer);
      if (!pathname.startsWith("/who/")) return void answer(request, response);
      const who = searchParams.get("who");
      if (who === null) return void response.writeHead(200, { "content-type": "text/html" }).end(PAGE);
      const result = who ? { login: { accountId: who } } : { error: "access_denied" };
      void provider.interactionFinished(request, response, result);
    });
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }
}

/** Asks who somebody is. */
const PAGE = `<!doctype html>
<html lang="en">
  <title>Example Identity</title>
  <link rel="icon" href="data:,">
  <form>
    <label>Who are you? <input name="who"></label>
    <button>Continue</button>
  </form>
  <a href="?who=">Cancel</a>
</html>`;
