// Real programs in the image `lab`: what they compute is what they computed on a real processor. e2e/lab/ has the programs;
// those with a file in e2e/lab/expected/ must print that, which e2e/lab/record.sh recorded in the image's own file system.
//
// One machine for all tests. TABVISOR_JIT=off|on|force is the mode of the translator: what fails with `on` and passes with `off`
// is a mistake of the translator.
//
//     node tools/guest/build.mjs lab && TABVISOR_FULL=1 TABVISOR_JIT=off npx playwright test -c e2e lab
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "@playwright/test";
import { root } from "../tools/lib.mjs";
import type { CommandResult, Guest } from "./fixtures/guest";
import { type SharedMachine, test } from "./fixtures/shared_guest";

const lab: SharedMachine = { query: "image=lab", ready: /root@tabvisor:~# / };
const folder = join(root, "e2e/lab");
const minutes = 60_000;

test.use({ machine: lab });
test.describe.configure({ timeout: 45 * minutes });

/** Brings the programs into a machine that has just booted. */
async function bringPrograms(guest: Guest): Promise<void> {
  if ((await guest.run("ls /root/lab")).code === 0) return;
  const names = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : []));
  await guest.output("mkdir /root/lab");
  const files = names.map((name) => [`/root/lab/${name}`, readFileSync(join(folder, name), "utf8")] as const);
  await guest.page.evaluate(async (all) => {
    const agent = (await tabvisor.machine)?.agent;
    if (agent === undefined) throw new Error("the page has no machine");
    await agent.ping(120_000);
    for (const [path, text] of all) {
      const file = await agent.openFile(path, "w");
      await agent.writeFile(file, new TextEncoder().encode(text));
      await agent.closeFile(file);
    }
  }, files);
  await guest.output("chmod +x /root/lab/*");
}

/** Runs a command in the guest and notes how long it took. */
async function timed(guest: Guest, command: string): Promise<CommandResult> {
  const began = Date.now();
  const result = await guest.run(command, 44 * minutes);
  const seconds = ((Date.now() - began) / 1000).toFixed(1);
  test.info().annotations.push({ type: "time", description: `${seconds} s: ${command}` });
  return result;
}

test.beforeEach(async ({ guest }) => {
  await bringPrograms(guest);
});

/** What the programs are, for the names of the tests. */
const programs: Record<string, string> = {
  "openssl.sh": "OpenSSL's digests, ciphers, signatures",
  "compression.sh": "gzip, pigz and xz",
  "database.sh": "SQLite",
  "perl.pl": "Perl",
  "gcc.sh": "gcc's assembly of thousands of lines, and what that computes in 64 and 32 bits",
  "node.mjs": "node, interpreted and compiled by TurboFan",
  "wasm.mjs": "WebAssembly in node",
  "java.sh": "javac and HotSpot, interpreted and compiled by C1 and C2",
};

for (const [program, title] of Object.entries(programs)) {
  test(title, { tag: "@slow" }, async ({ guest }) => {
    const expected = readFileSync(join(folder, "expected", program.replace(/\.\w+$/, ".txt")), "utf8").trimEnd();
    // To a file: a kernel whose host stood still for a while complains on the console, whatever its log level is.
    const { code } = await timed(guest, `/root/lab/${program} >/root/output 2>/root/errors`);
    if (code !== 0) throw new Error(`${program} ended with ${code}:\n${(await guest.run("tail /root/errors")).output}`);
    const output = await guest.output("cat /root/output");
    // Another version of the compiler makes other code: that is no mistake of the machine's.
    if (program === "gcc.sh") expect(output.split("\n")[0], "the version of gcc").toBe(expected.split("\n")[0]);
    expect(output).toBe(expected);
  });
}

test(
  "OpenSSL computes the same without its code for AES-NI, CLMUL, SHA and SSSE3",
  { tag: "@slow" },
  async ({ guest }) => {
    // Which code it takes is decided by the masks: bits 9 (SSSE3), 25 (AES), 1 (CLMUL) of ECX and 29 (SHA) of the second word.
    const sums =
      "for d in sha1 sha256 sha512 md5; do openssl dgst -$d -r /root/lab/generate_c.py; done; K=$(printf %064d 7);" +
      " for c in aes-256-cbc aes-128-ctr aes-192-ecb camellia-256-cbc chacha20; do" +
      " openssl enc -$c -K $K -iv $(printf %032d 9) -in /root/lab/generate_c.py 2>/dev/null | sha256sum; done";
    const all = await guest.output(sums, 5 * minutes);
    for (const mask of ["~0x200000200000000:~0x20000000", "~0x200020200000000:~0x20000000"]) {
      expect(await guest.output(`(export OPENSSL_ia32cap=${mask}; ${sums})`, 5 * minutes)).toBe(all);
    }
  },
);

/** Of arithmetic, of compiled code, of what libraries compute; those of the language itself would only take long. */
const pythonTests: Record<string, string> = {
  "binary numbers": "float math cmath int long complex pow strtod numeric_tower random",
  "decimal numbers": "decimal fractions",
  bytes: "struct array memoryview bytes binascii hashlib hmac zlib gzip audioop colorsys",
  "the rest": "ctypes mmap sort heapq bisect generators dict format marshal re exceptions",
};

for (const [title, list] of Object.entries(pythonTests)) {
  test(`Python's regression tests: ${title}`, { tag: "@slow" }, async ({ guest }) => {
    const names = list.split(" ").map((name) => `test_${name}`);
    const { output, code } = await timed(guest, `cd /tmp; python3 -m test --timeout 2400 ${names.join(" ")} 2>&1`);
    expect(output.slice(-3000)).toContain(`All ${names.length} tests OK.`);
    expect(code).toBe(0);
  });
}

test("glibc takes its functions for x86-64-v2", { tag: "@slow" }, async ({ guest }) => {
  const help = await guest.output("/lib64/ld-linux-x86-64.so.2 --help");
  expect(help).toMatch(/x86-64-v2 \(supported, searched\)/);
  expect(help).not.toMatch(/x86-64-v3 \(supported/);
  // The code that the symbols of the C library were bound to: SSE4.2's string comparison, SSE4.1's minimum.
  const listing = await guest.output("/root/lab/bound_functions.py", 5 * minutes);
  expect(listing.split("\n")).toEqual([
    "strspn pcmpistri",
    "strcspn pcmpistri",
    "strcasecmp pcmpistri",
    "wcsnlen pminud",
  ]);
});

test("nothing ended by a signal, and no instruction was missing", { tag: "@slow" }, async ({ guest }) => {
  // Of what Python's tests do on purpose, the kernel tells the name of the program.
  const said = await guest.output(
    "dmesg --notime | grep -E 'traps:|segfault|invalid opcode|general protection' || true",
  );
  const unexpected = said.split("\n").filter((line) => line !== "" && !line.startsWith("python3["));
  expect(unexpected).toEqual([]);
  expect((await guest.stats()).unimplemented).toEqual({ count: 0, bytes: "", rip: "" });
});

/** What stress-ng is made to do, and the groups that it must tell of: all methods that its version has. */
const stress = {
  cpu: ["cpu: 82 methods"],
  memory:
    "vm: 35, memcpy: 7, matrix: 14, matrix-3d: 12, str: 14, wcs: 12, memthrash: 24, funccall: 19, zlib: 29, misaligned: 18"
      .split(", ")
      .map((group) => `${group} methods`),
  others: ["others: 72 stressors"],
  mix: ["mix: 22 stressors"],
};

/** Last, after all that has to run without missing instructions: some stressors here execute random bytes. */
for (const [part, groups] of Object.entries(stress)) {
  test(`stress-ng verifies its results: ${part}`, { tag: "@slow" }, async ({ guest }) => {
    // To a file, as above.
    const { code } = await timed(guest, `/root/lab/stress.sh ${part} >/root/output 2>&1`);
    expect((await guest.output("cat /root/output")).split("\n")).toEqual(groups);
    expect(code).toBe(0);
  });
}

test("the kernel has nothing to complain about", { tag: "@slow" }, async ({ guest }) => {
  expect(await guest.output("dmesg | grep -iE 'Oops|Call Trace|unknown trap|I/O error' || true")).toBe("");
});
