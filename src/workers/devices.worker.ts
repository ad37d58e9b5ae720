// The machine model and all devices. The page calls it through Comlink; the guest reaches it through shared memory.

import * as Comlink from "comlink";
import wasmUrl from "../../build/tabvisor.wasm?url";
import { DevicesFacade } from "./devices_facade";
import { reportError } from "./error_report";
import { Outbox } from "./outbox";
import type { DevicesStart } from "./protocol";

async function compile(): Promise<WebAssembly.Module> {
  const response = await fetch(wasmUrl);
  if (!response.ok) throw new Error(`${wasmUrl}: HTTP status ${response.status}`);
  // Not compileStreaming: it insists on a content type that simple servers do not send.
  return WebAssembly.compile(await response.arrayBuffer());
}

function live({ calls, events, page }: DevicesStart): void {
  const outbox = new Outbox((event, transfer) => events.postMessage(event, transfer));
  const failed = (error: unknown): void => outbox.send({ type: "crashed", error: reportError(error) });
  globalThis.addEventListener("unhandledrejection", (event) => failed(event.reason));
  const facade = new DevicesFacade({ page, compile, failed, event: (event) => outbox.send(event) });
  Comlink.expose(facade, calls);
}

globalThis.addEventListener("message", ({ data }: MessageEvent<DevicesStart>) => live(data), { once: true });
