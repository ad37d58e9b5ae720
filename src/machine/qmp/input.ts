// The command that types (qapi/ui.json).

import { keyOfName, keyOfQemuNumber, type KeyNumber } from "../../shared/keys";
import type { KeyValue } from "../../shared/qmp";
import { done, genericError, type QmpServer } from "./server";

const HOLD_MS = 100;

/** `press` presses keys together, and releases them after so many milliseconds. */
export function registerInput(
  qmp: QmpServer,
  press: (keys: readonly KeyNumber[], holdMs: number) => Promise<void>,
): void {
  qmp.register("send-key", { keys: "any", "hold-time": "int?" }, async ({ keys, "hold-time": hold = HOLD_MS }) => {
    if (!isKeyList(keys)) return genericError("Invalid parameter type for 'keys', expected: array of KeyValue");
    const numbers = keys.map((key) => ({ key, number: numberOf(key) }));
    const unknown = numbers.find(({ number }) => number === undefined);
    if (unknown !== undefined) return genericError(`Parameter 'data' does not accept value '${unknown.key.data}'`);
    await press(
      numbers.flatMap(({ number }) => number ?? []),
      hold,
    );
    return done;
  });
}

function numberOf(key: KeyValue): KeyNumber | undefined {
  return key.type === "qcode" ? keyOfName(key.data) : keyOfQemuNumber(key.data);
}

function isKeyList(keys: unknown): keys is readonly KeyValue[] {
  if (!Array.isArray(keys) || keys.length === 0) return false;
  return keys.every((key: unknown) => {
    const { type, data } = Object(key) as { readonly type?: unknown; readonly data?: unknown };
    return (type === "qcode" && typeof data === "string") || (type === "number" && Number.isSafeInteger(data));
  });
}
