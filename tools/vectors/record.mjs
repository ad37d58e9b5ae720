// Records vectors on the host's processor: node tools/vectors/record.mjs [family..]. Needs a C compiler and x86-64 Linux.
import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseRow } from "../isa/rows.mjs";
import { rows as mmxRows } from "../isa/table/mmx.mjs";
import { rows as sseRows } from "../isa/table/sse.mjs";
import { rows as x87Rows } from "../isa/table/x87.mjs";
import { isMain, progress, root, runTool } from "../lib.mjs";
import { writeVectors } from "./format.mjs";
import { execute, processorFeatures, processorName } from "./native.mjs";
import { jobsOf } from "./sse_cases.mjs";
import { jobsOf as x87Jobs } from "./x87_cases.mjs";
import { jobsOf as x87Functions } from "./x87_functions.mjs";

/** @typedef {import("../isa/rows.mjs").Row} Row */

export const directory = join(root, "assembly/cpu/ops/vectors");

/** Where /proc/cpuinfo has another name than the table. */
const announced = /** @type {Record<string, string>} */ ({ sse3: "pni", prefetchw: "3dnowprefetch" });

/** Vectors of a family; rows that this processor does not have are left out. */
const families = /** @type {Record<string, { rows: Row[], jobs: typeof jobsOf }>} */ ({
  sse: { rows: sseRows, jobs: jobsOf },
  mmx: { rows: mmxRows, jobs: jobsOf },
  x87: { rows: x87Rows, jobs: x87Jobs },
  "functions/x87": { rows: x87Rows, jobs: x87Functions },
});

function record(/** @type {string} */ name) {
  const family = families[name];
  if (!family) throw new Error(`no family ${name}; there are ${Object.keys(families).join(", ")}`);
  const features = processorFeatures();
  const known = family.rows.filter(([, , , o]) => !o?.feature || features.has(announced[o.feature] ?? o.feature));
  const jobs = known.flatMap((row) => family.jobs(parseRow(row)));
  const results = execute(jobs);
  const forms = jobs.map(({ name, code, flags }, i) => ({ name, code, flags, cases: results[i] ?? [] }));
  const path = join(directory, `${name}.vec`);
  mkdirSync(dirname(path), { recursive: true });
  const bytes = writeVectors(path, { processor: processorName(), forms });
  const cases = forms.reduce((sum, form) => sum + form.cases.length, 0);
  progress(
    `${name}: ${known.length} of ${family.rows.length} rows, ${forms.length} forms, ${cases} cases, ${bytes} bytes`,
  );
}

if (isMain(import.meta.url)) {
  await runTool(async () => (process.argv.length > 2 ? process.argv.slice(2) : Object.keys(families)).forEach(record));
}
