// The last line of every suite, alone on its line: "N passed, N failed".

/** Printed when the process ends, after whatever other reporters still print. @param {() => { passed: number, failed: number }} count */
export function printAtExit(count) {
  process.once("exit", () => {
    const { passed, failed } = count();
    process.stdout.write(`${passed} passed, ${failed} failed\n`);
  });
}
