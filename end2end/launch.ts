import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** A program under way. */
export interface Launched {
  /** The first line it printed, which says where it listens. */
  line: string;
  /** Every line so far. */
  printed: string[];
  /** Asks it to stop, and waits until it has. */
  stop: () => Promise<void>;
}

/** Starts the program that an environment variable names, and waits for its first line. */
export async function launch(variable: string, options: string[]): Promise<Launched> {
  const path = process.env[variable];
  if (!path) throw new Error(`${variable} is not set: run \`cargo xtask test browser\``);
  const program: ChildProcess = spawn(path, options, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(program, "exit");
  const failure = ended.then(([code]) => Promise.reject(new Error(`${path} ended with ${code}`)));
  failure.catch(() => undefined);
  const lines = createInterface({ input: program.stdout! });
  const printed: string[] = [];
  lines.on("line", (line) => printed.push(line));
  const line = await Promise.race([once(lines, "line").then(([line]) => String(line)), failure]);
  const stop = async () => {
    program.kill();
    await ended;
  };
  return { line, printed, stop };
}
