// Gets the page cross-origin isolated, without which there is no shared memory. Called once, before anything else.
// Where the host sends the two headers nothing happens; elsewhere a service worker adds them, after one reload.

export type Isolation = "isolated" | "reloading" | "insecure-context" | "refused";

const triedKey = "tabvisor-isolation-tried";

export async function ensureIsolation(): Promise<Isolation> {
  if (globalThis.crossOriginIsolated) {
    sessionStorage.removeItem(triedKey);
    return "isolated";
  }
  // Service workers exist only on https and localhost.
  if (!globalThis.isSecureContext) return "insecure-context";
  if (!("serviceWorker" in navigator) || sessionStorage.getItem(triedKey) !== null) return "refused";
  try {
    await navigator.serviceWorker.register(new URL("isolation-worker.js", document.baseURI));
    await navigator.serviceWorker.ready;
  } catch {
    return "refused";
  }
  sessionStorage.setItem(triedKey, "1");
  location.reload();
  return "reloading";
}
