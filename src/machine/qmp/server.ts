// The commands of QMP by name. Whoever owns a thing registers what can be done with it; arguments are checked here, in
// QEMU's words, before a handler sees them.

import type { QmpCommand, QmpCommands, QmpEvent, QmpEventName, QmpEvents, QmpFault } from "../../shared/qmp";
import { err, ok, type Result } from "../../shared/result";

type ArgumentKind = "str" | "int" | "bool" | "any";
/** Name → what the value must be; "?" behind it: may be left out. "..." names what all other arguments may be. */
export type ArgumentTable = Readonly<Record<string, ArgumentKind | `${ArgumentKind}?`>>;

export type QmpResult<C extends QmpCommand> = Result<QmpCommands[C]["return"], QmpFault>;
type Handler<C extends QmpCommand> = (args: QmpCommands[C]["arguments"]) => QmpResult<C> | Promise<QmpResult<C>>;

interface Entry {
  readonly table: ArgumentTable;
  readonly run: (args: never) => Result<unknown, QmpFault> | Promise<Result<unknown, QmpFault>>;
}

export const done: Result<Readonly<Record<string, never>>, QmpFault> = ok({});

export function genericError(desc: string): Result<never, QmpFault> {
  return err({ class: "GenericError", desc });
}

export function deviceNotFound(id: string): Result<never, QmpFault> {
  return err({ class: "DeviceNotFound", desc: `Device '${id}' not found` });
}

export class QmpServer {
  readonly #entries = new Map<string, Entry>();
  readonly #emit: (event: QmpEvent) => void;

  constructor(emit: (event: QmpEvent) => void) {
    this.#emit = emit;
  }

  register<C extends QmpCommand>(name: C, table: ArgumentTable, run: Handler<C>): void {
    this.#entries.set(name, { table, run });
  }

  get names(): string[] {
    return [...this.#entries.keys()].sort();
  }

  /** Runs a command as it came from outside: neither its name nor its arguments are known to be right. */
  async execute(name: string, args: unknown): Promise<Result<unknown, QmpFault>> {
    const entry = this.#entries.get(name);
    if (entry === undefined) {
      return err({ class: "CommandNotFound", desc: `The command ${name} has not been found` });
    }
    const values = args ?? {};
    if (typeof values !== "object" || Array.isArray(values)) return genericError("Arguments must be an object");
    const fault = checkArguments(values as Readonly<Record<string, unknown>>, entry.table);
    if (fault !== undefined) return genericError(fault);
    return entry.run(values as never);
  }

  event<K extends QmpEventName>(event: K, data: QmpEvents[K]): void {
    const now = Date.now();
    const timestamp = { seconds: Math.floor(now / 1000), microseconds: (now % 1000) * 1000 };
    // The pair is right by this function's own type.
    this.#emit({ event, data, timestamp } as unknown as QmpEvent);
  }
}

const kindNames: Record<ArgumentKind, string> = { str: "string", int: "integer", bool: "boolean", any: "value" };

/** What is wrong, in the words of QEMU's visitors. */
function checkArguments(args: Readonly<Record<string, unknown>>, table: ArgumentTable): string | undefined {
  for (const [name, kind] of Object.entries(table)) {
    if (name === "...") continue;
    const value = args[name];
    if (value === undefined && !kind.endsWith("?")) return `Parameter '${name}' is missing`;
  }
  for (const [name, value] of Object.entries(args)) {
    const kind = Object.hasOwn(table, name) ? table[name] : table["..."];
    if (kind === undefined) return `Parameter '${name}' is unexpected`;
    const plain = kind.replace("?", "") as ArgumentKind;
    if (value !== undefined && !fits(value, plain)) {
      return `Invalid parameter type for '${name}', expected: ${kindNames[plain]}`;
    }
  }
  return undefined;
}

function fits(value: unknown, kind: ArgumentKind): boolean {
  switch (kind) {
    case "str":
      return typeof value === "string";
    case "int":
      return Number.isSafeInteger(value);
    case "bool":
      return typeof value === "boolean";
    case "any":
      return true;
  }
}
