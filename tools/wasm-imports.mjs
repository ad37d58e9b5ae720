// The one list of what the release build of the wasm module may import, as "module.name"; docs/internals.md says what
// each means. An `env.abort` that turns up means that someone wrote `new`, `throw` or a checked array access.
export const allowedImports = [
  "env.memory",
  "env.table",
  "host.now",
  "host.nowOffset",
  "host.realtime",
  "host.random",
  "host.mailbox",
  "host.compile",
];
