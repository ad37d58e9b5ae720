// The one list of what the release build of the wasm module may import, as "module.name".
// An `env.abort` that turns up means that someone wrote `new`, `throw` or a checked array access in assembly/.
export const allowedImports = ["env.memory", "host.now", "host.mailbox", "host.wait"];
