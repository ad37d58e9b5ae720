// Medians, ratios and their geometric means; as text, as a table in Markdown, and as JSON.

/** @typedef {import("./run.mjs").Row} Row */

/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  if (sorted.length === 0) return NaN;
  return sorted.length % 2 === 1 ? (sorted[half] ?? NaN) : ((sorted[half - 1] ?? NaN) + (sorted[half] ?? NaN)) / 2;
}

/** @param {number[]} values */
export function geometricMean(values) {
  return values.length === 0 ? NaN : Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** Seconds of a peer for a row; NaN if it has none. @param {Row} row @param {string} peer */
export function secondsOf(row, peer) {
  const cell = row.peers[peer];
  return cell === undefined || cell.error !== undefined ? NaN : median(cell.times);
}

/** How many times faster Tabvisor is than a peer. @param {Row} row @param {string} peer */
export const ratio = (row, peer) => secondsOf(row, peer) / secondsOf(row, "tabvisor");

/** What Tabvisor is compared with, by the programs' architecture. */
export const rivals = { amd64: ["tcg", "native", "before"], i386: ["v86", "tcg", "native", "before"] };

const titles = { native: "native", tcg: "QEMU TCG", before: "before", tabvisor: "Tabvisor", v86: "v86" };
const order = ["native", "tcg", "before", "tabvisor", "v86"];

/** @param {Row} row @param {string} peer */
function cellText(row, peer) {
  const cell = row.peers[peer];
  if (cell === undefined) return "";
  return cell.error ?? median(cell.times).toFixed(3);
}

/** @param {number} value */
const factor = (value) => (Number.isFinite(value) ? value.toFixed(2) : "");

/** Tables of cells, one for each architecture, with a last row per group for the means. @param {Row[]} rows */
export function tables(rows) {
  return Object.entries(rivals).flatMap(([architecture, against]) => {
    const own = rows.filter((row) => row.architecture === architecture);
    if (own.length === 0) return [];
    const shown = order.filter((peer) => own.some((row) => peer in row.peers));
    const others = shown.includes("tabvisor") ? against.filter((peer) => shown.includes(peer)) : [];
    const head = [
      "group",
      "program",
      ...shown.map((peer) => `${titles[peer]}, s`),
      ...others.map((peer) => `× ${titles[peer]}`),
    ];
    const body = own.map((row) => [
      row.group,
      row.name,
      ...shown.map((peer) => cellText(row, peer)),
      ...others.map((peer) => factor(ratio(row, peer))),
    ]);
    const groups = [...new Set(own.map(({ group }) => group))];
    const means = [...groups, "all"].map((group) => {
      const members = own.filter((row) => group === "all" || row.group === group);
      const mean = (/** @type {string} */ peer) =>
        factor(geometricMean(members.map((row) => ratio(row, peer)).filter(Number.isFinite)));
      return [group, "geometric mean", ...shown.map(() => ""), ...others.map(mean)];
    });
    return [{ architecture, head, body: others.length > 0 ? [...body, ...means] : body }];
  });
}

/** @param {ReturnType<typeof tables>[number]} table */
export function asText({ architecture, head, body }) {
  const all = [head, ...body];
  const widths = head.map((_cell, i) => Math.max(...all.map((line) => line[i]?.length ?? 0)));
  const line = (/** @type {string[]} */ cells) =>
    cells.map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  ");
  return [`${architecture} programs`, line(head), ...body.map(line)].join("\n");
}

/** @param {ReturnType<typeof tables>[number]} table */
export function asMarkdown({ architecture, head, body }) {
  const line = (/** @type {string[]} */ cells) => `| ${cells.join(" | ")} |`;
  const rule = head.map((_cell, i) => (i < 2 ? "---" : "--:"));
  return [`### ${architecture} programs`, "", line(head), line(rule), ...body.map(line)].join("\n");
}

/** @param {Row[]} rows @param {object} about the run: date, versions, options */
export function asJson(rows, about) {
  const results = rows.map(({ group, name, architecture, peers }) => ({
    group,
    name,
    architecture,
    peers: Object.fromEntries(
      Object.entries(peers).map(([peer, { times, error }]) => [
        peer,
        error ? { error, times } : { median: median(times), times },
      ]),
    ),
  }));
  return `${JSON.stringify({ ...about, results }, null, 2)}\n`;
}
