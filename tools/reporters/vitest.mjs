// Vitest reporter: counts tests. A file that does not load and an error outside tests each count as a failure.
import { printAtExit } from "./closing_line.mjs";

export default class ClosingLine {
  passed = 0;
  failed = 0;

  constructor() {
    printAtExit(() => this);
  }

  /** @param {ReadonlyArray<import("vitest/node").TestModule>} modules @param {ReadonlyArray<unknown>} errors */
  onTestRunEnd(modules, errors) {
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      this.passed += tests.filter((test) => test.result().state === "passed").length;
      const failed = tests.filter((test) => test.result().state === "failed").length;
      this.failed += failed === 0 && module.state() === "failed" ? 1 : failed;
    }
    this.failed += errors.length;
  }
}
