// A bar chart of ratios as SVG, on a logarithmic scale: how many times faster Tabvisor is than a peer, row by row.

/** @typedef {{ label: string, group: string, value: number }} Bar */

const ROW = 18;
const LEFT = 150;
const WIDTH = 640;
const TOP = 44;
const TICKS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50];

/** @param {string} text */
const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** @param {string} title @param {Bar[]} bars whose values are finite and positive */
export function drawChart(title, bars) {
  const low = Math.min(0.5, ...bars.map(({ value }) => value)) / 1.2;
  const high = Math.max(2, ...bars.map(({ value }) => value)) * 1.4;
  const x = (/** @type {number} */ value) =>
    LEFT + ((Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low))) * (WIDTH - LEFT - 20);
  const height = TOP + bars.length * ROW + 12;
  const grid = TICKS.filter((tick) => tick > low && tick < high).map((tick) => {
    const at = x(tick).toFixed(1);
    const weight = tick === 1 ? "one" : "grid";
    return `<path class="${weight}" d="M${at} ${TOP - 4}V${height - 8}"/><text x="${at}" y="${TOP - 10}" text-anchor="middle">${tick}×</text>`;
  });
  const drawn = bars.map(({ label, group, value }, i) => {
    const y = TOP + i * ROW;
    const [from, to] = [Math.min(x(1), x(value)), Math.max(x(1), x(value))];
    const name = group === bars[i - 1]?.group ? label : `${group}: ${label}`;
    return (
      `<text x="${LEFT - 6}" y="${y + 12}" text-anchor="end">${escape(name)}</text>` +
      `<rect class="${value >= 1 ? "faster" : "slower"}" x="${from.toFixed(1)}" y="${y + 2}" width="${Math.max(1, to - from).toFixed(1)}" height="${ROW - 5}"/>` +
      `<text x="${(x(value) + (value >= 1 ? 4 : -4)).toFixed(1)}" y="${y + 12}" text-anchor="${value >= 1 ? "start" : "end"}">${value.toFixed(2)}</text>`
    );
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="11">
<style>text{fill:#222}.grid{stroke:#ddd}.one{stroke:#444}.faster{fill:#2c7a4b}.slower{fill:#b3542e}
@media (prefers-color-scheme:dark){text{fill:#ddd}.grid{stroke:#444}.one{stroke:#aaa}}</style>
<text x="8" y="16" font-size="13">${escape(title)}</text>
${[...grid, ...drawn].join("\n")}
</svg>
`;
}
