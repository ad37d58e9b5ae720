// Icons as inline SVG on a grid of 24, drawn with lines in the colour of the text.

const shapes = {
  play: `<path d="M7 4.5v15l12-7.5z" fill="currentColor"/>`,
  pause: `<path d="M8 5v14M16 5v14" stroke-width="3"/>`,
  reset: `<path d="M4 12a8 8 0 1 0 2.6-5.9"/><path d="M4 4v5h5"/>`,
  power: `<path d="M12 3v9"/><path d="M7 6.3a8 8 0 1 0 10 0"/>`,
  search: `<circle cx="11" cy="11" r="6.5"/><path d="m16 16 4.5 4.5"/>`,
  devices: `<rect x="6" y="6" width="12" height="12" rx="2"/><path d="M9 2.500V6M15 2.500V6M9 18v3.500M15 18v3.500M2.500 9H6M2.500 15H6M18 9h3.500M18 15h3.500"/>`,
  save: `<path d="M12 4v11"/><path d="m7 10.5 5 5 5-5"/><path d="M4.5 20h15"/>`,
  fullscreen: `<path d="M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5"/>`,
  close: `<path d="M6 6l12 12M18 6 6 18"/>`,
  up: `<path d="m6 15 6-6 6 6"/>`,
  down: `<path d="m6 9 6 6 6-6"/>`,
  copy: `<rect x="9" y="9" width="11" height="11" rx="2"/><path d="M15 5.5A1.5 1.5 0 0 0 13.5 4h-8A1.5 1.5 0 0 0 4 5.500v8A1.5 1.5 0 0 0 5.5 15"/>`,
  back: `<path d="M20 12H5"/><path d="m11 6-6 6 6 6"/>`,
  info: `<circle cx="12" cy="12" r="8.5"/><path d="M12 11v5.500M12 7.700v.1"/>`,
  warning: `<path d="M12 4 2.8 19.500h18.400z"/><path d="M12 10v4.500M12 17v.1"/>`,
  terminal: `<rect x="3" y="4" width="18" height="16" rx="2.5"/><path d="m7 9 3 3-3 3M12.5 15.500H17"/>`,
} as const;

export type IconName = keyof typeof shapes;

export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  // The shapes are the constants above.
  svg.innerHTML = shapes[name];
  return svg;
}
