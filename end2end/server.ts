import { launch, type Launched } from "./launch";

/** Numbers are from ticks: multiples of this many milliseconds. */
export const TICK = 10_000;

export interface Settings {
  /** The reporting zone, by its IANA name. */
  zone: string;
  /** What the server's clock shows at first, in RFC 3339. */
  start: string;
  /** Whether the server calls its numbers a demonstration. */
  demo: boolean;
  /** Whether only those see anything who signed in. */
  signIn: boolean;
  /** The provider by which members may sign in; empty where there is none. */
  issuer: string;
}

/** An event as the API takes it. */
export interface UsageEvent {
  account: string | { id: string; name: string; attributes?: Record<string, string> };
  user: string | { id: string; name: string };
  module: string;
  action?: string;
  kind?: "heartbeat";
  time?: string;
  count?: number;
}

/** An entry of the stream. */
interface Entry {
  account: { id: string; name?: string };
  user: { id: string; name?: string };
  module: string;
  actions: { action: string; count: number }[];
}

/** A server with an empty database of its own and a clock that stands still until it is set. */
export class Server {
  /** What events are sent with, where that takes a key. */
  private sending?: string;

  private constructor(
    readonly origin: string,
    private clock: number,
    private readonly program: Launched,
    private readonly signIn: boolean,
  ) {}

  static async start({ zone, start, demo, signIn, issuer }: Settings): Promise<Server> {
    const options = [zone, start, ...(demo ? ["--demo"] : []), ...(signIn ? ["--sign-in"] : [])];
    if (issuer) options.push("--issuer", issuer);
    const program = await launch("USAGE_MONITOR_CONTROLLED", options);
    return new Server(program.line, Date.parse(start), program, signIn);
  }

  async stop(): Promise<void> {
    await this.program.stop();
  }

  /** What the server's clock shows. */
  get now(): Date {
    return new Date(this.clock);
  }

  /** An instant before now, in RFC 3339. */
  ago({ minutes = 0, seconds = 0 }: { minutes?: number; seconds?: number }): string {
    return new Date(this.clock - (minutes * 60 + seconds) * 1000).toISOString();
  }

  /** Sends events and expects every one to be accepted. */
  async send(...events: UsageEvent[]): Promise<void> {
    if (this.signIn) this.sending ??= await this.key();
    const answer = await this.post("/api/v1/events", JSON.stringify(events), "application/json");
    const { accepted, rejected } = (await answer.json()) as { accepted: number; rejected: unknown[] };
    if (accepted !== events.length) throw new Error(`not accepted: ${JSON.stringify(rejected)}`);
  }

  /** Sends events of which every one is rejected. */
  async offer(...events: Partial<UsageEvent>[]): Promise<void> {
    const answer = await this.post("/api/v1/events", JSON.stringify(events), "application/json");
    const { rejected } = (await answer.json()) as { rejected: unknown[] };
    if (rejected.length !== events.length) throw new Error(`not all rejected: ${JSON.stringify(rejected)}`);
  }

  /** Sets the clock; the server takes the snapshot of that tick. */
  async at(instant: string | number): Promise<void> {
    this.clock = new Date(instant).getTime();
    await this.post("/test/clock", this.now.toISOString(), "text/plain");
  }

  /** Sets the clock to the next tick. */
  async tick(): Promise<void> {
    await this.at((Math.floor(this.clock / TICK) + 1) * TICK);
  }

  /** Makes a key that may send events. */
  async key(): Promise<string> {
    return (await this.post("/test/key", "", "text/plain")).text();
  }

  /** Makes a link for the first administrator. */
  async firstLink(): Promise<string> {
    return (await this.post("/test/link", "", "text/plain")).text();
  }

  /** Today's stream at the next tick, sorted: account, user and module, and how often what was done there. */
  async stream(): Promise<string[]> {
    await this.tick();
    const { entries } = await this.get<{ entries: Entry[] }>("/api/v1/today/stream");
    const shown = entries.map(({ account, user, module, actions }) => {
      const done = actions.map(({ action, count }) => `${count} × ${action}`).sort();
      return [account.name ?? account.id, user.name ?? user.id, module, ...done].join(" · ");
    });
    return shown.sort();
  }

  /** What the API answers. */
  async get<Answer>(path: string): Promise<Answer> {
    const answer = await fetch(this.origin + path);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Answer;
  }

  private async post(path: string, body: string, type: string): Promise<Response> {
    const headers = { "content-type": type, ...(this.sending && { authorization: `Bearer ${this.sending}` }) };
    const answer = await fetch(this.origin + path, { method: "POST", headers, body });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  }
}
