// A web server for the pages of the browser peers: the built site, guest files, and a page for v86.
import { createServer } from "node:http";
import { join } from "node:path";
import { guests, root } from "../lib.mjs";
import { fileHandler } from "../serve-files.mjs";
import { folder } from "./programs.mjs";

/** @typedef {{ base: string, close: () => void }} Server */

const headers = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};

/** By the first part of the path; the rest is the site. */
const mounts = {
  guests,
  bench: folder,
  v86: join(root, "node_modules/v86/build"),
  page: join(root, "tools/bench/page"),
};

/** @param {string} [checkout] whose site is served @returns {Promise<Server>} on a free port */
export async function startServer(checkout = root) {
  const site = fileHandler(join(checkout, "dist"), headers);
  const handlers = new Map(Object.entries(mounts).map(([name, place]) => [name, fileHandler(place, headers)]));
  const server = createServer((request, response) => {
    const [, mount = "", ...rest] = (request.url ?? "").split("/");
    const handler = handlers.get(mount);
    if (handler !== undefined) request.url = `/${rest.join("/")}`;
    (handler ?? site)(request, response, () => response.writeHead(404).end());
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", () => done(undefined)));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return { base: `http://localhost:${port}`, close: () => server.close() };
}
