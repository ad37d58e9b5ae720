// A request of virtio-rng: buffers to fill, nothing to read (VIRTIO 1.2, 5.4.6).

import type { Chain } from "../queue";
import { MAX_BYTES } from "./config";

/** Bytes to deliver, or "malformed": the driver must not hand the device anything to read. */
export function parseRequest(chain: Pick<Chain, "readableBytes" | "writableBytes">): number | "malformed" {
  if (chain.readableBytes !== 0 || chain.writableBytes === 0) return "malformed";
  return Math.min(chain.writableBytes, MAX_BYTES);
}
