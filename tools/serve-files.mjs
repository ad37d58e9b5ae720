// Serves the files of one folder over HTTP with byte ranges and, where `name.gz` lies beside `name` and the client
// accepts it, precompressed. Used for guest images in dev and preview, and by tests that need a plain web server.
import { createReadStream, statSync } from "node:fs";
import { extname, join, normalize, sep } from "node:path";

const types = new Map([
  [".html", "text/html; charset=utf-8"],
  [".js", "text/javascript; charset=utf-8"],
  [".css", "text/css; charset=utf-8"],
  [".json", "application/json"],
  [".svg", "image/svg+xml"],
  [".wasm", "application/wasm"],
]);

/** @param {string} path */
function fileSize(path) {
  try {
    const stat = statSync(path);
    return stat.isFile() ? stat.size : undefined;
  } catch {
    // Also ENOTDIR and ENAMETOOLONG, which a request can cause.
    return undefined;
  }
}

/** The file below the folder that a URL path names; undefined when it leads outside or to a hidden file. @param {string} folder @param {string} urlPath */
function resolveInside(folder, urlPath) {
  let decoded;
  try {
    decoded = decodeURIComponent(urlPath);
  } catch {
    return undefined;
  }
  const path = join(folder, normalize(`/${decoded}`));
  const refused = decoded.includes("\0") || /[\\/]\./.test(decoded);
  return path.startsWith(folder + sep) && !refused ? path : undefined;
}

/**
 * One range of RFC 9110 section 14.1.2; several ranges are answered with the whole file, as the RFC allows.
 * @param {string | undefined} header @param {number} size
 * @returns {{ start: number, end: number } | "whole" | "unsatisfiable"}
 */
export function parseRange(header, size) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (!match || (match[1] === "" && match[2] === "")) return "whole";
  const [, first = "", last = ""] = match;
  if (first === "") {
    const suffix = Math.min(Number(last), size);
    return suffix === 0 ? "unsatisfiable" : { start: size - suffix, end: size - 1 };
  }
  const start = Number(first);
  const end = last === "" ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== "" && Number(last) < start) return "whole";
  return start < size ? { start, end } : "unsatisfiable";
}

/** @param {import("node:http").IncomingMessage} request @param {string} path */
function acceptsGzip(request, path) {
  return (
    request.method === "GET" &&
    request.headers.range === undefined &&
    /\bgzip\b/.test(request.headers["accept-encoding"] ?? "") &&
    fileSize(`${path}.gz`) !== undefined
  );
}

/** @param {import("node:http").ServerResponse} response @param {string} path @param {{ start: number, end: number }} [range] */
function send(response, path, range) {
  const stream = createReadStream(path, range);
  stream.on("error", () => response.destroy());
  response.on("close", () => stream.destroy());
  stream.pipe(response);
}

/**
 * Answers from a folder; calls `next` for what is not there.
 * @param {string} folder absolute
 * @param {Record<string, string>} [headers] added to each answer
 * @returns {(request: import("node:http").IncomingMessage, response: import("node:http").ServerResponse, next: () => void) => void}
 */
export function fileHandler(folder, headers = {}) {
  return (request, response, next) => {
    const [urlPath = "/"] = (request.url ?? "/").split("?");
    const path = resolveInside(folder, urlPath.endsWith("/") ? `${urlPath}index.html` : urlPath);
    const size = path === undefined ? undefined : fileSize(path);
    if (path === undefined || size === undefined || !["GET", "HEAD"].includes(request.method ?? "")) {
      next();
      return;
    }
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.setHeader("Content-Type", types.get(extname(path)) ?? "application/octet-stream");
    response.setHeader("Accept-Ranges", "bytes");
    response.setHeader("Cache-Control", "no-cache");
    response.setHeader("Vary", "Accept-Encoding");
    if (acceptsGzip(request, path)) {
      response.setHeader("Content-Encoding", "gzip");
      response.setHeader("Content-Length", fileSize(`${path}.gz`) ?? 0);
      send(response, `${path}.gz`);
      return;
    }
    const range = parseRange(request.headers.range, size);
    if (range === "unsatisfiable") {
      response.statusCode = 416;
      response.setHeader("Content-Range", `bytes */${size}`);
      response.end();
      return;
    }
    const { start, end } = range === "whole" ? { start: 0, end: size - 1 } : range;
    if (range !== "whole") {
      response.statusCode = 206;
      response.setHeader("Content-Range", `bytes ${start}-${end}/${size}`);
    }
    response.setHeader("Content-Length", end - start + 1);
    if (request.method === "HEAD" || size === 0) response.end();
    else send(response, path, { start, end });
  };
}
