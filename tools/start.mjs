// `npm start`: brings a bare clone up to date and serves the page from its sources.
import { createServer as createTcpServer } from "node:net";
import { ensureGuests, ensureWasm, checkNode, installPackages } from "./setup.mjs";
import { Explained, progress, runTool } from "./lib.mjs";

const defaultPort = 5173;

/** @param {number} port @param {string} host @returns {Promise<boolean>} */
function isFree(port, host) {
  return new Promise((done) => {
    const probe = createTcpServer();
    probe.once("error", () => done(false));
    probe.listen(port, host, () => probe.close(() => done(true)));
  });
}

/** The port that PORT asks for, which must be free; without PORT, the first free one from the default on. @param {string} host */
async function choosePort(host) {
  const asked = process.env["PORT"];
  if (asked) {
    const port = Number(asked);
    if (!Number.isInteger(port) || port < 1 || port > 65535) throw new Explained(`PORT=${asked} is not a port number`);
    if (!(await isFree(port, host))) throw new Explained(`port ${port} is in use; choose another: PORT=8080 npm start`);
    return port;
  }
  for (let port = defaultPort; port < defaultPort + 100; port++) if (await isFree(port, host)) return port;
  throw new Explained(`no free port between ${defaultPort} and ${defaultPort + 99}; choose one: PORT=8080 npm start`);
}

await runTool(async () => {
  checkNode();
  await installPackages();
  await ensureWasm();
  if (!(await ensureGuests())) {
    progress("guest images: not built, see above; the page works with a kernel and disks of your own");
  }
  // Only the own machine is served unless HOST says otherwise: the page can start machines from any URL.
  const host = process.env["HOST"] ?? "127.0.0.1";
  const port = await choosePort(host);
  const { createServer } = await import("vite");
  const server = await createServer({ server: { host, port, strictPort: true } });
  await server.listen();
  progress(`serving http://${host === "127.0.0.1" || host === "0.0.0.0" ? "localhost" : host}:${port}/`);
});
