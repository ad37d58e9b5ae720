// Playwright reporter: counts tests. An error outside tests counts as a failure, a test that passed on retry as passed.
import { printAtExit } from "./closing_line.mjs";

export default class ClosingLine {
  passed = 0;
  failed = 0;

  constructor() {
    printAtExit(() => this);
  }

  /** @param {unknown} _config @param {import("@playwright/test/reporter").Suite} suite */
  onBegin(_config, suite) {
    this.suite = suite;
  }

  onError() {
    this.failed++;
  }

  onEnd() {
    for (const test of this.suite?.allTests() ?? []) {
      const outcome = test.outcome();
      if (outcome === "unexpected") this.failed++;
      if (outcome === "expected" || outcome === "flaky") this.passed++;
    }
  }

  printsToStdio() {
    return false;
  }
}
