// Errors on their way to another thread.

import type { ErrorReport } from "./protocol";

export function reportError(error: unknown): ErrorReport {
  if (error instanceof Error) return { name: error.name, message: error.message, stack: error.stack ?? "" };
  return { name: "Error", message: String(error), stack: "" };
}
