// Puts the last results into docs/performance.md, between two marks, and the charts beside it.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../lib.mjs";
import { drawChart } from "./chart.mjs";
import { asJson, asMarkdown, ratio, tables } from "./report.mjs";

const BEGIN = "<!-- results: written by npm run bench -- --docs -->";
const END = "<!-- end of results -->";

const charts = [
  {
    architecture: "amd64",
    rival: "tcg",
    title: "x86-64 programs: times faster than QEMU TCG",
    file: "performance-tcg.svg",
  },
  { architecture: "i386", rival: "v86", title: "i386 programs: times faster than v86", file: "performance-v86.svg" },
];

/** @param {import("./run.mjs").Row[]} rows @param {Record<string, any>} about */
export function writeDocs(rows, about) {
  const docs = join(root, "docs");
  const path = join(docs, "performance.md");
  const page = readFileSync(path, "utf8");
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error("docs/performance.md has no place for results");
  const pictures = charts.flatMap(({ architecture, rival, title, file }) => {
    const own = rows.filter((row) => row.architecture === architecture);
    const bars = own.map((row) => ({ label: row.name, group: row.group, value: ratio(row, rival) }));
    const finite = bars.filter(({ value }) => Number.isFinite(value));
    if (finite.length === 0) return [];
    writeFileSync(join(docs, file), drawChart(title, finite));
    return [`![${title}](${file})`];
  });
  const { date, commit, processor, processors, qemu, compiler, rounds, notes } = about;
  const conditions = `${date}, commit ${commit}; ${processor}, ${processors} processors; ${qemu}; ${compiler}; medians of ${rounds}.`;
  const remarks = notes.map((/** @type {string} */ text) => `- ${text}`).join("\n");
  const text = [BEGIN, conditions, ...tables(rows).map(asMarkdown), ...pictures, remarks, END].filter(
    (part) => part !== "",
  );
  writeFileSync(path, page.slice(0, begin) + text.join("\n\n") + page.slice(end + END.length));
  writeFileSync(join(docs, "performance.json"), asJson(rows, about));
}
