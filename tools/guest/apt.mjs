// Finds and downloads Debian packages with the machine's own package manager,
// its configured sources and keys, but with its own state folder: no root is
// needed, and what is installed on the machine has no influence.

import { existsSync, readdirSync } from "node:fs";
import { mkdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BuildError, isInstalled, run } from "./run.mjs";
import { step } from "./progress.mjs";

/** The release that all images are made of. */
export const SUITE = "bookworm";

/** Package lists older than this are fetched again when an image is built. */
const LISTS_MAX_AGE_MS = 24 * 3600 * 1000;

export const READY_IMAGES_HINT = "Or set TABVISOR_GUESTS to a folder or URL with ready images (docs/guest-images.md).";

/**
 * Of the configured sources, only those of a release may give packages.
 * @param {string} release @param {string} origin "Debian*" is Debian Backports too
 */
const preferences = (release, origin) => `Package: *
Pin: release o=${origin}, n=${release}*
Pin-Priority: 500

Package: *
Pin: release n=*
Pin-Priority: -1
`;

/** Where Debian's package of its keys puts those of all its releases. */
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** @typedef {{ name: string, version: string, architecture: string }} Package */

/**
 * @typedef {object} Apt
 * @property {(names: string[]) => Promise<Package[]>} resolve the packages and
 *   all that they depend on, in an order in which they can be installed
 * @property {(packages: Package[]) => Promise<string[]>} download gives the paths of the files
 */

/**
 * @param {string} folder for lists and packages, kept between builds
 * @param {string} architecture Debian's name, such as "amd64"
 * @param {boolean} refresh fetch the package lists even if they are new
 * @param {string} [suite] another release than that of the images, which the machine itself need not have as a source
 * @returns {Promise<Apt>}
 */
export async function openApt(folder, architecture, refresh, suite = SUITE) {
  for (const command of ["apt-get", "dpkg-deb"]) {
    if (!isInstalled(command)) {
      throw new BuildError(
        `guest images are made of Debian packages, and this machine has no ${command}.\n` +
          "Build on Debian, Ubuntu or in a Debian container (packages apt and dpkg).\n" +
          READY_IMAGES_HINT,
      );
    }
  }
  const state = join(folder, suite === SUITE ? architecture : `${architecture}-${suite}`);
  const packages = join(folder, "packages");
  const options = await prepare(state, architecture, suite);
  await mkdir(packages, { recursive: true });
  if (suite !== SUITE) options.push(...(await useSuite(state, suite)));
  await refreshLists(state, options, suite, refresh);
  return {
    resolve: (names) => resolve(names, options),
    download: (wanted) => download(wanted, packages, options),
  };
}

/** @param {string} state @param {string} architecture @param {string} suite */
async function prepare(state, architecture, suite) {
  await mkdir(join(state, "lists", "partial"), { recursive: true });
  await mkdir(join(state, "cache", "archives", "partial"), { recursive: true });
  // An empty list of installed packages: everything is resolved from nothing.
  await writeFile(join(state, "status"), "");
  await writeFile(
    join(state, "preferences"),
    preferences(releaseOf(suite), suite.includes("-") ? "Debian*" : "Debian"),
  );
  const settings = {
    "Dir::State": state,
    "Dir::State::Lists": join(state, "lists"),
    "Dir::State::status": join(state, "status"),
    "Dir::Cache": join(state, "cache"),
    "Dir::Etc::preferences": join(state, "preferences"),
    "Dir::Etc::preferencesparts": join(state, "no-more-preferences"),
    "APT::Architecture": architecture,
    "APT::Architectures": architecture,
    "APT::Install-Recommends": "false",
    "APT::Get::Assume-Yes": "true",
    "Acquire::Languages": "none",
    "Acquire::Retries": "3",
    // As root, apt would download as a user who may not write to our folder.
    "APT::Sandbox::User": "",
  };
  return Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
}

/** The release that "trixie-backports" is made for. */
const releaseOf = (/** @type {string} */ suite) => suite.replace(/-.*/, "");

/**
 * Sources of another suite: where the machine has those of the images' suite from.
 * @param {string} state @param {string} suite
 */
async function useSuite(state, suite) {
  const format = "$(REPO_URI) $(CODENAME) $(COMPONENT) $(CREATED_BY)";
  const targets = (await run("apt-get", ["indextargets", "--format", format])).toString();
  const path = join(state, "sources.list");
  await writeFile(path, formatSources(targets, suite));
  return ["-o", `Dir::Etc::sourcelist=${path}`, "-o", `Dir::Etc::sourceparts=${join(state, "no-more-sources")}`];
}

/**
 * @param {string} targets lines "URI CODENAME COMPONENT CREATED_BY" of `apt-get indextargets`
 * @param {string} suite such as "trixie", or "trixie-backports": then with the packages of trixie
 */
export function formatSources(targets, suite) {
  const lines = new Set();
  for (const target of targets.split("\n")) {
    const [uri = "", codename = "", component = "", kind] = target.split(" ");
    if (kind !== "Packages" || component !== "main" || !codename.startsWith(SUITE)) continue;
    const source = (/** @type {string} */ name) => lines.add(`deb [signed-by=${KEYRING}] ${uri} ${name} main\n`);
    source(codename.replace(SUITE, releaseOf(suite)));
    if (codename === SUITE) source(suite);
  }
  return [...lines].join("");
}

/** @param {string} state @param {string[]} options @param {string} suite @param {boolean} refresh */
async function refreshLists(state, options, suite, refresh) {
  const stamp = join(state, "updated");
  const age = existsSync(stamp) ? Date.now() - (await stat(stamp)).mtimeMs : Infinity;
  if (refresh || age > LISTS_MAX_AGE_MS) {
    const working = step("package lists");
    try {
      await run("apt-get", [...options, "update"]);
      await writeFile(stamp, "");
      await utimes(stamp, new Date(), new Date());
      working.done();
    } catch (error) {
      // One source that cannot be reached does not matter as long as the suite itself has a list.
      if (!existsSync(stamp) && !hasSuiteList(state, suite)) throw error;
      working.done("not all refreshed, using what there is");
    }
  }
  const format = ["indextargets", "--format", "$(CODENAME) $(CREATED_BY)"];
  const targets = (await run("apt-get", [...options, ...format])).toString();
  if (!targets.split("\n").includes(`${suite} Packages`)) {
    // So that the next build looks again, however soon.
    await rm(stamp, { force: true });
    throw new BuildError(
      `apt's sources on this machine do not include Debian 12 ("${SUITE}").\n` +
        `Add a source for the suite ${SUITE}, component main.\n${READY_IMAGES_HINT}`,
    );
  }
}

/** @param {string} state @param {string} suite */
function hasSuiteList(state, suite) {
  return readdirSync(join(state, "lists")).some(
    (name) => name.includes(`_dists_${suite}_`) && name.includes("_Packages"),
  );
}

/** @param {string[]} names @param {string[]} options @returns {Promise<Package[]>} */
async function resolve(names, options) {
  const plan = await run("apt-get", [...options, "--simulate", "install", ...names]);
  return parsePlan(plan.toString());
}

/**
 * @param {string} plan what `apt-get --simulate install` printed
 * @returns {Package[]}
 */
export function parsePlan(plan) {
  const packages = [];
  for (const line of plan.split("\n")) {
    const match = /^Inst (\S+) \((\S+) .*\[(\w+)\]\)/.exec(line);
    if (match === null) continue;
    const [, name = "", version = "", architecture = ""] = match;
    packages.push({ name, version, architecture });
  }
  return packages;
}

/** @param {Package[]} wanted @param {string} folder @param {string[]} options */
async function download(wanted, folder, options) {
  const fileOf = (/** @type {Package} */ { name, version, architecture }) =>
    join(folder, `${name}_${version.replaceAll(":", "%3a")}_${architecture}.deb`);
  const missing = wanted.filter((entry) => !existsSync(fileOf(entry)));
  if (missing.length > 0) {
    const working = step(`downloading ${missing.length} package${missing.length > 1 ? "s" : ""}`);
    // apt checks each file against the signed lists before it gets its name.
    const incoming = join(folder, "incoming");
    await mkdir(incoming, { recursive: true });
    await run(
      "apt-get",
      [...options, "-o", "APT::Status-Fd=3", "download", ...missing.map(({ name, version }) => `${name}=${version}`)],
      { cwd: incoming, onStatus: (line) => reportDownload(line, working) },
    );
    for (const entry of missing) {
      const file = fileOf(entry);
      await rename(join(incoming, file.slice(folder.length + 1)), file);
    }
    working.done();
  }
  return wanted.map(fileOf);
}

/** "dlstatus:3:41.7:Retrieving file 3 of 9" @param {string} line @param {import("./progress.mjs").Step} working */
function reportDownload(line, working) {
  const percent = /^dlstatus:\d+:([\d.]+):/.exec(line)?.[1];
  if (percent !== undefined) working.percent(Number(percent));
}
