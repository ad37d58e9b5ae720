// The command that types (qapi/ui.json), through the machine's PS/2 keyboard.

import type { KeyValue } from "../../shared/qmp";
import { scanCode } from "./qcodes";
import { done, genericError, type QmpServer } from "./server";

const HOLD_MS = 100;

/** `type` gives scan codes to the keyboard; false if it takes none now. */
export function registerInput(qmp: QmpServer, type: (codes: Uint8Array) => boolean): void {
  qmp.register("send-key", { keys: "any", "hold-time": "int?" }, async ({ keys, "hold-time": hold = HOLD_MS }) => {
    const names = qcodesOf(keys);
    if (names === undefined) return genericError("Invalid parameter type for 'keys', expected: array of KeyValue");
    const unknown = names.find((name) => scanCode(name, true) === undefined);
    if (unknown !== undefined) return genericError(`Parameter 'data' does not accept value '${unknown}'`);
    const send = (pressed: boolean, order: readonly string[]): boolean =>
      type(Uint8Array.from(order.flatMap((name) => scanCode(name, pressed) ?? [])));
    if (!send(true, names)) return genericError("The keyboard takes no keys now");
    await new Promise<void>((resolve) => void setTimeout(resolve, hold));
    send(false, names.toReversed());
    return done;
  });
}

function qcodesOf(keys: unknown): string[] | undefined {
  if (!Array.isArray(keys)) return undefined;
  const values: readonly Partial<KeyValue>[] = keys.filter((key) => typeof key === "object" && key !== null);
  const names = values.flatMap(({ type, data }) => (type === "qcode" && typeof data === "string" ? [data] : []));
  return names.length === keys.length && names.length > 0 ? names : undefined;
}
