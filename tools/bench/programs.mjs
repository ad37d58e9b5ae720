// Builds the benchmark programs for amd64 and i386, statically, with the host's C compiler.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { cache, Explained, hashOf, listFiles, once, progress } from "../lib.mjs";
import { openApt } from "../guest/apt.mjs";
import { isInstalled, run } from "../guest/run.mjs";

/** @typedef {"amd64" | "i386"} Architecture */

export const folder = join(cache, "bench");

/** Scalar floating point is SSE2 on amd64 and x87 on i386, as Debian compiles for them; SSE intrinsics work on both. */
const flags = ["-std=gnu11", "-O2", "-static", "-Wall", "-Wextra", "-Werror", "-fno-math-errno", "-ffp-contract=off"];
const architectureFlags = { amd64: ["-m64"], i386: ["-m32", "-march=i686", "-msse2", "-mfpmath=387"] };

/** Debian's packages with what gcc -m32 needs, for hosts that have no multilib. */
const i386Packages = ["libc6-dev-i386", "lib32gcc-12-dev"];

const hint = "Debian: apt-get install gcc libc6-dev";

/** The path of the program for an architecture. @param {Architecture} architecture */
export const programPath = (architecture) => join(folder, architecture, "bench");

/** @param {Architecture[]} architectures */
export async function buildPrograms(architectures) {
  if (!isInstalled("gcc"))
    throw new Explained(`the benchmark programs need a C compiler, and there is no gcc (${hint})`);
  const sources = listFiles(["tools/bench/programs"], (path) => path.endsWith(".c"));
  const inputs = listFiles(["tools/bench/programs"]);
  for (const architecture of architectures) {
    const all = [...flags, ...architectureFlags[architecture]];
    await once({
      name: `bench-${architecture}`,
      hash: hashOf(inputs, all),
      outputs: [`.cache/bench/${architecture}/bench`],
      run: async () => {
        progress(`benchmark programs: compiling for ${architecture}`);
        mkdirSync(join(folder, architecture), { recursive: true });
        const where = architecture === "i386" ? await libraries32(all) : [];
        await compile([...all, ...where, ...sources, "-o", programPath(architecture)], architecture);
      },
    });
  }
}

/** @param {string[]} args @param {Architecture} architecture */
async function compile(args, architecture) {
  try {
    await run("gcc", [...args, "-lm"]);
  } catch (error) {
    throw new Explained(`the programs do not compile for ${architecture} (${hint}):\n${error.message}`);
  }
}

/** Where gcc finds libraries for -m32: nothing when it has its own, else unpacked from Debian's packages. @param {string[]} all */
async function libraries32(all) {
  const probe = join(folder, "probe");
  const source = new TextEncoder().encode('#include <stdio.h>\nint main(void) { return puts("") < 0; }\n');
  const own = await run("gcc", [...all, "-x", "c", "-", "-o", probe], { input: source }).then(
    () => true,
    () => false,
  );
  if (own) return [];
  const apt = await openApt(join(cache, "guests", ".apt"), "amd64", false);
  const found = (await apt.resolve(i386Packages)).filter(({ name }) => i386Packages.includes(name));
  const root = join(folder, "lib32");
  mkdirSync(root, { recursive: true });
  for (const file of await apt.download(found)) await run("dpkg-deb", ["--extract", file, root]);
  const places = [join(root, "usr/lib32"), join(root, "usr/lib/gcc/x86_64-linux-gnu/12/32")];
  // Headers differ by word size only in a file or two, and by macros of the compiler.
  const headers = [join(root, "usr/include"), "/usr/include/x86_64-linux-gnu"];
  return [
    ...headers.flatMap((header) => ["-isystem", header]),
    ...places.flatMap((place) => [`-B${place}`, `-L${place}`]),
  ];
}
