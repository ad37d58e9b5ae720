// Control messages of virtio-serial (VIRTIO 1.2, 5.3.6.2). Pure.

export const MESSAGE_SIZE = 8;

const DEVICE_READY = 0;
const DEVICE_ADD = 1;
const DEVICE_REMOVE = 2;
const PORT_READY = 3;
const CONSOLE_PORT = 4;
const RESIZE = 5;
const PORT_OPEN = 6;
const PORT_NAME = 7;

/** What the driver says. */
export type DriverMessage =
  | { readonly kind: "device-ready"; readonly ready: boolean }
  | { readonly kind: "port-ready"; readonly port: number; readonly ready: boolean }
  | { readonly kind: "port-open"; readonly port: number; readonly open: boolean };

export function parseMessage(bytes: Uint8Array): DriverMessage | undefined {
  if (bytes.length < MESSAGE_SIZE) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const port = view.getUint32(0, true);
  const yes = view.getUint16(6, true) !== 0;
  switch (view.getUint16(4, true)) {
    case DEVICE_READY:
      return { kind: "device-ready", ready: yes };
    case PORT_READY:
      return { kind: "port-ready", port, ready: yes };
    case PORT_OPEN:
      return { kind: "port-open", port, open: yes };
    default:
      return undefined;
  }
}

function message(port: number, event: number, value: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(MESSAGE_SIZE + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, port, true);
  view.setUint16(4, event, true);
  view.setUint16(6, value, true);
  bytes.set(payload, MESSAGE_SIZE);
  return bytes;
}

/** Whether a message of ours is a size for that port. */
export function isResize(bytes: Uint8Array, port: number): boolean {
  return bytes[4] === RESIZE && bytes[0] === port;
}

/** What the device says. */
export const say = {
  addPort: (port: number) => message(port, DEVICE_ADD, 1),
  removePort: (port: number) => message(port, DEVICE_REMOVE, 1),
  isConsole: (port: number) => message(port, CONSOLE_PORT, 1),
  open: (port: number, open: boolean) => message(port, PORT_OPEN, open ? 1 : 0),
  name: (port: number, name: string) => message(port, PORT_NAME, 1, new TextEncoder().encode(name)),
  /** Columns first, as the specification has it; older Linux kernels take them the other way round. */
  resize: (port: number, cols: number, rows: number) => {
    const payload = new Uint8Array(4);
    const view = new DataView(payload.buffer);
    view.setUint16(0, cols, true);
    view.setUint16(2, rows, true);
    return message(port, RESIZE, 1, payload);
  },
};
