// Colours of the terminal in light and dark. The sixteen colours keep a contrast of at least 4.5 on their background,
// but for the blacks and whites that programs use as backgrounds.

import type { ITheme } from "@xterm/xterm";

const dark: ITheme = {
  background: "#10151c",
  foreground: "#dbe3ec",
  cursor: "#5cc8b8",
  cursorAccent: "#10151c",
  selectionBackground: "#2f4a63",
  black: "#1c2530",
  red: "#f2777a",
  green: "#7fd08a",
  yellow: "#e6c067",
  blue: "#74b0f4",
  magenta: "#cf9df0",
  cyan: "#5cc8c8",
  white: "#c9d3dd",
  brightBlack: "#7d8a99",
  brightRed: "#ff9a9a",
  brightGreen: "#a3e6ab",
  brightYellow: "#f5d78e",
  brightBlue: "#9cc9ff",
  brightMagenta: "#e2bffb",
  brightCyan: "#8be4e4",
  brightWhite: "#ffffff",
};

const light: ITheme = {
  background: "#fcfdfe",
  foreground: "#1d2731",
  cursor: "#0b7a6b",
  cursorAccent: "#fcfdfe",
  selectionBackground: "#bfe0f0",
  black: "#1d2731",
  red: "#b3261e",
  green: "#1f7a33",
  yellow: "#7d5a00",
  blue: "#1b5fae",
  magenta: "#8636a8",
  cyan: "#0b7078",
  white: "#5b6875",
  brightBlack: "#66727e",
  brightRed: "#c8372d",
  brightGreen: "#2a7d3c",
  brightYellow: "#866000",
  brightBlue: "#2a6fc2",
  brightMagenta: "#9547b5",
  brightCyan: "#11757d",
  brightWhite: "#3c4753",
};

const query = globalThis.matchMedia("(prefers-color-scheme: dark)");

export function currentTheme(): ITheme {
  return query.matches ? dark : light;
}

/** Returns a function that ends the subscription. */
export function onThemeChange(listener: () => void): () => void {
  query.addEventListener("change", listener);
  return () => query.removeEventListener("change", listener);
}
