// Heads of HTTP/1.x messages (RFC 9112). Pure.

export type Headers = readonly (readonly [name: string, value: string])[];

export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly minor: 0 | 1;
  /** Names in lower case. */
  readonly headers: Headers;
}

/** How long the body of a request is. */
export type BodyLength =
  { readonly kind: "none" } | { readonly kind: "fixed"; readonly bytes: number } | { readonly kind: "chunked" };

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** `text`: everything before the empty line. Undefined: no request that could be understood. */
export function parseRequestHead(text: string): RequestHead | undefined {
  const [first = "", ...lines] = text.split(/\r?\n/);
  const [method = "", target = "", version = "", ...rest] = first.split(" ");
  const minor = version === "HTTP/1.1" ? 1 : version === "HTTP/1.0" ? 0 : undefined;
  if (!token.test(method) || target === "" || minor === undefined || rest.length > 0) return undefined;
  const headers: [string, string][] = [];
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon);
    // Folded lines and blanks before the colon are obsolete, and dangerous (sections 5.1 and 5.2).
    if (colon <= 0 || !token.test(name)) return undefined;
    headers.push([name.toLowerCase(), line.slice(colon + 1).trim()]);
  }
  return { method, target, minor, headers };
}

/** All values of a header, as one list. */
export function valuesOf(headers: Headers, name: string): string[] {
  return headers.flatMap(([key, value]) => (key === name ? value.split(",").map((part) => part.trim()) : []));
}

/** Section 6.3; undefined: contradictory, so that the next request could not be found. */
export function bodyLengthOf({ headers }: RequestHead): BodyLength | undefined {
  const codings = valuesOf(headers, "transfer-encoding").map((coding) => coding.toLowerCase());
  const lengths = new Set(valuesOf(headers, "content-length"));
  if (codings.length > 0) return codings.join() === "chunked" && lengths.size === 0 ? { kind: "chunked" } : undefined;
  const [length] = lengths;
  if (length === undefined) return { kind: "none" };
  if (lengths.size > 1 || !/^\d{1,15}$/.test(length)) return undefined;
  return Number(length) === 0 ? { kind: "none" } : { kind: "fixed", bytes: Number(length) };
}

/** Whether the connection stays open behind this request (section 9.3). */
export function isPersistent({ minor, headers }: RequestHead): boolean {
  const options = [...valuesOf(headers, "connection"), ...valuesOf(headers, "proxy-connection")].map((option) =>
    option.toLowerCase(),
  );
  return minor === 1 ? !options.includes("close") : options.includes("keep-alive");
}

export function formatResponseHead(status: number, reason: string, headers: Headers): Uint8Array<ArrayBuffer> {
  const clean = (text: string): string => text.replaceAll(/[\r\n\0]/g, " ");
  const lines = headers.map(([name, value]) => `${name}: ${clean(value)}\r\n`).join("");
  const text = `HTTP/1.1 ${status} ${clean(reason)}\r\n${lines}\r\n`;
  // Header values are bytes: fetch gives them one per character.
  return Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff);
}
