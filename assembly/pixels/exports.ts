// What src/devices/qxl calls of this room.

export { pixelsDraw } from "./draw";
export { pixelsMove } from "./move";
export { pixelsPresent } from "./present";
