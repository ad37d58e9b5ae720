// Calls to Debian's qemu-guest-agent over its port: one line of JSON each way (QEMU, qga/qapi-schema.json). The agent
// answers one call after the other, and so are they sent.

import { AgentError, type AgentFault } from "../shared/agent_error";
import type { MachinePort } from "./port_link";

export const AGENT_PORT = "org.qemu.guest_agent.0";
/** Between an agent's answers and what is left of older ones (guest-sync-delimited). */
const SENTINEL = 0xff;
const NEWLINE = 0x0a;
const DEFAULT_TIMEOUT_MS = 30_000;
/** A shutdown that works is not answered. */
const SHUTDOWN_GRACE_MS = 2000;
const POLL_MS = 50;
/** What a line may have at most: a file is read in pieces of 48 MiB by the agent itself. */
const MAX_LINE = 128 * 1024 * 1024;

export interface AgentInfo {
  readonly version: string;
  readonly supported_commands: readonly { readonly name: string; readonly enabled: boolean }[];
}

export interface ExecOptions {
  readonly env?: readonly string[];
  readonly input?: Uint8Array;
  /** ms for the program to end. */
  readonly timeout?: number;
}

export interface ExecResult {
  readonly exitcode: number | undefined;
  readonly signal: number | undefined;
  readonly stdout: Uint8Array<ArrayBuffer>;
  readonly stderr: Uint8Array<ArrayBuffer>;
  /** The agent keeps 16 MiB of each; there was more. */
  readonly truncated: boolean;
}

export interface FileRead {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly eof: boolean;
}

interface ExecStatus {
  readonly exited: boolean;
  readonly exitcode?: number;
  readonly signal?: number;
  readonly "out-data"?: string;
  readonly "err-data"?: string;
  readonly "out-truncated"?: boolean;
  readonly "err-truncated"?: boolean;
}

export class GuestAgent {
  readonly #open: () => Promise<MachinePort>;
  readonly #runs: () => boolean;
  #line: Promise<AgentLine> | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /** `open` opens the agent's port; `runs` tells whether the machine does. */
  constructor(open: () => Promise<MachinePort>, runs: () => boolean) {
    this.#open = open;
    this.#runs = runs;
  }

  /** Any command of the agent. Rejects with AgentError for what the agent refuses, with Error if it does not answer. */
  async call<T>(command: string, args?: object, timeout: number = DEFAULT_TIMEOUT_MS): Promise<T> {
    return (await this.#inTurn(async () => {
      const line = await this.#connect(timeout);
      const answer = await line.ask({ execute: command, ...(args === undefined ? {} : { arguments: args }) }, timeout);
      if (answer.error !== undefined) throw new AgentError(answer.error);
      return answer.return;
    })) as T;
  }

  async ping(timeout?: number): Promise<void> {
    await this.call("guest-ping", undefined, timeout);
  }

  info(): Promise<AgentInfo> {
    return this.call("guest-info");
  }

  /** Runs a program and waits for its end. */
  async exec(path: string, args: readonly string[] = [], options: ExecOptions = {}): Promise<ExecResult> {
    const { env, input, timeout = 60_000 } = options;
    const { pid } = await this.call<{ pid: number }>("guest-exec", {
      path,
      arg: args,
      "capture-output": true,
      ...(env === undefined ? {} : { env }),
      ...(input === undefined ? {} : { "input-data": toBase64(input) }),
    });
    const end = performance.now() + timeout;
    for (;;) {
      const status = await this.call<ExecStatus>("guest-exec-status", { pid });
      if (status.exited) return execResult(status);
      if (performance.now() > end) throw new Error(`${path} has not ended within ${timeout} ms`);
      await sleep(POLL_MS);
    }
  }

  /** Opens a file as fopen does; the number is for the other calls on it. */
  openFile(path: string, mode = "r"): Promise<number> {
    return this.call("guest-file-open", { path, mode });
  }

  async readFile(handle: number, count?: number): Promise<FileRead> {
    const limit = count === undefined ? {} : { count };
    const answer = await this.call<{ "buf-b64": string; eof: boolean }>("guest-file-read", { handle, ...limit });
    return { bytes: fromBase64(answer["buf-b64"]), eof: answer.eof };
  }

  /** Answers how many bytes were written. */
  async writeFile(handle: number, bytes: Uint8Array): Promise<number> {
    const answer = await this.call<{ count: number }>("guest-file-write", { handle, "buf-b64": toBase64(bytes) });
    return answer.count;
  }

  async closeFile(handle: number): Promise<void> {
    await this.call("guest-file-close", { handle });
  }

  /** Sets the guest's clock. Without a time the guest reads its hardware clock, which is the host's. */
  async setTime(time?: Date): Promise<void> {
    // Nanoseconds, as exact as a JavaScript number has them: written without exponent.
    await this.call("guest-set-time", time === undefined ? undefined : { time: time.getTime() * 1e6 });
  }

  /** Resolves when the agent has not objected: a shutdown that works has no answer. */
  async shutdown(mode: "powerdown" | "reboot" | "halt" = "powerdown"): Promise<void> {
    await this.#inTurn(async () => {
      const line = await this.#connect(DEFAULT_TIMEOUT_MS);
      const asked = line.ask({ execute: "guest-shutdown", arguments: { mode } }, SHUTDOWN_GRACE_MS);
      const answer = await asked.catch(() => undefined);
      this.#line = undefined;
      await line.close();
      if (answer?.error !== undefined) throw new AgentError(answer.error);
    });
  }

  /** Lets go of the port; the next call opens it again. */
  async close(): Promise<void> {
    await this.#inTurn(async () => {
      const line = await this.#line?.catch(() => undefined);
      this.#line = undefined;
      await line?.close();
    });
  }

  #inTurn<T>(use: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(use);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #connect(timeout: number): Promise<AgentLine> {
    const known = await this.#line?.catch(() => undefined);
    if (known?.usable === true) return known;
    await known?.close();
    this.#line = this.#open().then((port) => AgentLine.synchronised(port, this.#runs, timeout));
    return this.#line;
  }
}

interface Answer {
  readonly return?: unknown;
  readonly error?: AgentFault;
}

/** The port as lines. After an answer that did not come in time it is not used again: answers have no number. */
class AgentLine {
  readonly #port: MachinePort;
  readonly #runs: () => boolean;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #rest: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #broken = false;

  private constructor(port: MachinePort, runs: () => boolean) {
    this.#port = port;
    this.#runs = runs;
    this.#reader = port.readable.getReader();
    this.#writer = port.writable.getWriter();
  }

  /** Agent and we agree where the next answer begins, whatever was said before. */
  static async synchronised(port: MachinePort, runs: () => boolean, timeout: number): Promise<AgentLine> {
    const line = new AgentLine(port, runs);
    const id = Math.floor(Math.random() * 2 ** 31);
    const command = encode({ execute: "guest-sync-delimited", arguments: { id } });
    try {
      await line.#within(timeout, async () => {
        await line.#writer.write(Uint8Array.of(SENTINEL, ...command));
        for (;;) {
          await line.#until(SENTINEL);
          const answer = parse(await line.#until(NEWLINE));
          if (answer?.return === id) return;
        }
      });
      return line;
    } catch (error) {
      await line.close();
      throw error;
    }
  }

  get usable(): boolean {
    return !this.#broken && this.#port.ended === undefined;
  }

  async ask(command: object, timeout: number): Promise<Answer> {
    return this.#within(timeout, async () => {
      await this.#writer.write(encode(command));
      const answer = parse(await this.#until(NEWLINE));
      if (answer === undefined) throw new Error("the guest agent's answer is not JSON");
      return answer;
    });
  }

  close(): Promise<void> {
    this.#broken = true;
    return this.#port.close();
  }

  async #within<T>(timeout: number, use: () => Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`the guest agent has not answered in ${timeout} ms${this.#whySilent()}`));
      }, timeout);
    });
    const used = use();
    used.catch(() => undefined);
    try {
      return await Promise.race([used, late]);
    } catch (error) {
      this.#broken = true;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #whySilent(): string {
    if (!this.#runs()) return ": the machine does not run";
    return this.#port.guestOpen ? "" : ": no program in the guest has its port open";
  }

  /** The bytes up to `mark`, which is passed over. */
  async #until(mark: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let length = 0;
    for (;;) {
      const at = this.#rest.indexOf(mark);
      if (at >= 0) {
        parts.push(this.#rest.subarray(0, at));
        this.#rest = this.#rest.subarray(at + 1);
        return join(parts);
      }
      parts.push(this.#rest);
      length += this.#rest.length;
      if (length > MAX_LINE) throw new Error("the guest agent's answer is too long");
      const { value } = await this.#reader.read();
      if (value === undefined) throw new Error(this.#port.ended ?? "the guest agent's port has ended");
      this.#rest = value;
    }
  }
}

function encode(command: object): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(command)}\n`);
}

function parse(bytes: Uint8Array): Answer | undefined {
  try {
    const answer: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof answer === "object" && answer !== null ? answer : undefined;
  } catch {
    return undefined;
  }
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function execResult(status: ExecStatus): ExecResult {
  return {
    exitcode: status.exitcode,
    signal: status.signal,
    stdout: fromBase64(status["out-data"] ?? ""),
    stderr: fromBase64(status["err-data"] ?? ""),
    truncated: status["out-truncated"] === true || status["err-truncated"] === true,
  };
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

function toBase64(bytes: Uint8Array): string {
  let text = "";
  // In pieces: a call has only so many arguments.
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, milliseconds));
}
