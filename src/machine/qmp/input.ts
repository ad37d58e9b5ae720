// The command that types (qapi/ui.json).

import { keyOfName, type KeyNumber } from "../../shared/keys";
import type { KeyValue } from "../../shared/qmp";
import { done, genericError, type QmpServer } from "./server";

const HOLD_MS = 100;

/** `press` presses keys together, and releases them after so many milliseconds. */
export function registerInput(
  qmp: QmpServer,
  press: (keys: readonly KeyNumber[], holdMs: number) => Promise<void>,
): void {
  qmp.register("send-key", { keys: "any", "hold-time": "int?" }, async ({ keys, "hold-time": hold = HOLD_MS }) => {
    const names = qcodesOf(keys);
    if (names === undefined) return genericError("Invalid parameter type for 'keys', expected: array of KeyValue");
    const unknown = names.find((name) => keyOfName(name) === undefined);
    if (unknown !== undefined) return genericError(`Parameter 'data' does not accept value '${unknown}'`);
    await press(
      names.flatMap((name) => keyOfName(name) ?? []),
      hold,
    );
    return done;
  });
}

function qcodesOf(keys: unknown): string[] | undefined {
  if (!Array.isArray(keys)) return undefined;
  const values: readonly Partial<KeyValue>[] = keys.filter((key) => typeof key === "object" && key !== null);
  const names = values.flatMap(({ type, data }) => (type === "qcode" && typeof data === "string" ? [data] : []));
  return names.length === keys.length && names.length > 0 ? names : undefined;
}
