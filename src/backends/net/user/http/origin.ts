// Where a request of the guest goes, and which of its headers a page may send there.

import type { Headers } from "./head";

/** What the connection leads to, as the guest sees it. */
export interface Destination {
  /** A name, or an address in text; "localhost" for the gateway. */
  readonly host: string;
  readonly port: number;
}

const HTTP_PORT = 80;

/** What of the page decides over its requests. */
export interface PagePlace {
  /** As `location.origin`. */
  readonly origin: string;
}

const loopback: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];

/** The address to fetch; undefined: the target is none that a server could be asked for. */
export function urlOf(
  target: string,
  to: Destination,
  { page, meaningOf }: { readonly page: PagePlace; readonly meaningOf: (host: string) => string },
): URL | undefined {
  // The absolute form is what a client says to a proxy (RFC 9112, section 3.2.2): the gateway is one.
  if (/^https?:\/\//i.test(target)) {
    const url = parseUrl(target);
    if (url === undefined) return undefined;
    const host = meaningOf(url.hostname);
    const path = url.pathname + url.search;
    if (url.protocol === "https:") return parseUrl(`https://${host}${url.port === "" ? "" : `:${url.port}`}${path}`);
    return parseUrl(originOf({ host, port: url.port === "" ? HTTP_PORT : Number(url.port) }, page) + path);
  }
  if (!target.startsWith("/")) return undefined;
  return parseUrl(originOf(to, page) + target);
}

function originOf({ host, port }: Destination, page: PagePlace): string {
  const own = parseUrl(page.origin);
  if (host === "localhost") {
    // The page's own server, under the name by which the page knows it.
    const ownPort = own?.port === "" ? (own.protocol === "https:" ? 443 : HTTP_PORT) : Number(own?.port);
    const isOwn = own !== undefined && loopback.includes(own.hostname) && ownPort === port;
    return isOwn ? own.origin : `http://localhost:${port}`;
  }
  // Browsers let pages that came by https ask nobody without it.
  const scheme = own?.protocol === "https:" ? "https" : "http";
  return port === HTTP_PORT ? `${scheme}://${host}` : `${scheme}://${host}:${port}`;
}

function parseUrl(text: string): URL | undefined {
  try {
    const url = new URL(text);
    // fetch refuses addresses with a password in them.
    return url.username === "" && url.password === "" ? url : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Headers that are not passed on. Those of the connection belong to it (RFC 9110, section 7.6.1); some the browser
 * sets itself; the others would make it ask another origin for permission first, which most servers do not answer,
 * and a request means the same without them.
 */
const dropped: ReadonlySet<string> = new Set([
  "accept-encoding",
  "cache-control",
  "connection",
  "content-length",
  "expect",
  "host",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "keep-alive",
  "pragma",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "user-agent",
]);

export function passedHeaders(headers: Headers): [string, string][] {
  const names = new Set(headers.map(([name]) => name));
  return headers
    .filter(([name]) => !dropped.has(name))
    .filter(([name]) => name !== "range" || !names.has("if-range"))
    .map(([name, value]) => [name, value]);
}

/** How the browser's own cache may answer. */
export function cacheModeOf(headers: Headers): "default" | "no-cache" | "no-store" {
  const wishes = headers
    .filter(([name]) => name === "cache-control" || name === "pragma")
    .map(([, value]) => value.toLowerCase());
  if (wishes.some((wish) => wish.includes("no-store"))) return "no-store";
  return wishes.some((wish) => /no-cache|max-age=0/.test(wish)) ? "no-cache" : "default";
}
