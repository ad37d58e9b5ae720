// Messages for whoever looks after the machine. What a guest can cause is limited per message, so that no guest can
// fill a console: count first (counters), then say it a few times.

export type LogLevel = "debug" | "info" | "warning" | "error";

export interface LogEntry {
  readonly level: LogLevel;
  readonly room: string;
  readonly message: string;
}

export type LogSink = (entry: LogEntry) => void;

/** How often a message that the guest causes is passed on before it is only counted. */
const GUEST_LIMIT = 10;
/** Distinct guest-caused messages that are remembered; beyond them, none is passed on. */
const GUEST_KEYS = 256;

export class Log {
  readonly #sink: LogSink;
  readonly #room: string;
  readonly #guestCounts: Map<string, number>;

  constructor(room: string, sink: LogSink, guestCounts: Map<string, number> = new Map()) {
    this.#room = room;
    this.#sink = sink;
    this.#guestCounts = guestCounts;
  }

  /** The same log, under the name of another part. */
  in(room: string): Log {
    return new Log(room, this.#sink, this.#guestCounts);
  }

  debug(message: string): void {
    this.#sink({ level: "debug", room: this.#room, message });
  }

  info(message: string): void {
    this.#sink({ level: "info", room: this.#room, message });
  }

  warning(message: string): void {
    this.#sink({ level: "warning", room: this.#room, message });
  }

  error(message: string): void {
    this.#sink({ level: "error", room: this.#room, message });
  }

  /** A message that the guest can cause as often as it likes. `key` names the kind of event and has no guest data. */
  guest(key: string, message: string): void {
    const name = `${this.#room}:${key}`;
    const count = (this.#guestCounts.get(name) ?? 0) + 1;
    if (count === 1 && this.#guestCounts.size >= GUEST_KEYS) return;
    this.#guestCounts.set(name, count);
    if (count > GUEST_LIMIT) return;
    const last = count === GUEST_LIMIT ? " (no more of this kind will be shown)" : "";
    this.#sink({ level: "warning", room: this.#room, message: `${message}${last}` });
  }
}

/** A log that drops everything, for tests. */
export const silentLog = new Log("silent", () => undefined);
