// Who may import whom. A room is the longest path here that a file starts with; it may import itself and what it
// lists. The list is the picture in ARCHITECTURE.md; `npm run check` enforces it, and that no files import in a loop.

const memAndBelow = ["assembly/layout", "assembly/mem"];
// assembly/host declares what the module imports from JavaScript: the host's clocks and the mailbox.
const platformAndBelow = [...memAndBelow, "assembly/host", "assembly/platform"];
const busAndBelow = [...platformAndBelow, "assembly/bus"];
const cpuAndBelow = [...busAndBelow, "assembly/softfloat", "assembly/cpu"];
const module = [...cpuAndBelow, "assembly/jit", "assembly/virtio", "assembly/pixels"];

/** @type {Record<string, string[]>} */
export const arrows = {
  "assembly/layout": [],
  "assembly/host": [],
  "assembly/mem": ["assembly/layout"],
  "assembly/platform": [...memAndBelow, "assembly/host"],
  "assembly/bus": platformAndBelow,
  "assembly/softfloat": ["assembly/layout"],
  "assembly/cpu": [...busAndBelow, "assembly/softfloat"],
  "assembly/jit": cpuAndBelow,
  "assembly/virtio": memAndBelow,
  "assembly/pixels": memAndBelow,
  "assembly/exports": module,
  "assembly/index": [...module, "assembly/exports"],
  "assembly/testing_platform": platformAndBelow.concat("assembly/bus"),
  "assembly/testing": [...module, "assembly/index", "assembly/testing_platform"],
  "src/shared": [],
  "src/core": ["src/shared", "assembly/layout"],
  "src/backends": ["src/shared"],
  "src/devices": ["src/core", "src/shared", "assembly/layout"],
  "src/machine": ["src/devices", "src/core", "src/backends", "src/shared", "assembly/layout"],
  "src/workers": ["src/machine", "src/devices", "src/backends", "src/core", "src/shared", "assembly/layout"],
  "src/ui": ["src/workers/client", "src/workers/protocol", "src/shared"],
  "src/main": ["src/ui", "src/workers/client", "src/workers/protocol", "src/shared"],
};

/** Arrows for `import type` of single files only: [importing room, imported file]. @type {[string, RegExp][]} */
export const typeArrows = [["src/devices", /^src\/backends\/[^/]+\/types$/]];
