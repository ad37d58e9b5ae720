// The console of a machine as lines of text: what the peers' outputs are fed into, and what waits for words in it.

/** A machine that said nothing in time. */
class Timeout extends Error {
  /** @override */
  name = "Timeout";
}

export class Console {
  #text = "";
  #changed = () => {};

  /** @param {string} text */
  feed(text) {
    this.#text += text;
    this.#changed();
  }

  /**
   * Resolves to the match; what stands before its end is forgotten.
   * @param {RegExp} pattern @param {number} milliseconds @returns {Promise<RegExpExecArray>}
   */
  async waitFor(pattern, milliseconds) {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#changed();
    }, milliseconds);
    try {
      for (;;) {
        const found = pattern.exec(this.#text);
        if (found) {
          this.#text = this.#text.slice(found.index + found[0].length);
          return found;
        }
        if (late) throw new Timeout(`no ${pattern} within ${milliseconds / 1000} s; last output: ${this.last()}`);
        await new Promise((resolve) => (this.#changed = () => resolve(undefined)));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** The end of what has not been matched yet. */
  last() {
    return JSON.stringify(this.#text.slice(-300));
  }
}

/**
 * Lets a benchmark guest run a program, and reads its result.
 * @param {{ console: Console, send: (text: string) => Promise<void> | void }} guest
 * @param {import("./programs.mjs").Architecture} architecture @param {string} program @param {number} seconds
 * @returns {Promise<import("./peers.mjs").Result>}
 */
export async function runInGuest({ console, send }, architecture, program, seconds) {
  const began = performance.now();
  await send(`run ${architecture} ${program} ${seconds}\n`);
  // The guest ends the program by itself; only a guest that hangs is waited for longer.
  const [all, output = "", status] = await console.waitFor(/([^]*?)bench: end (\d+)\r?\n/, (seconds + 60) * 1000);
  const elapsed = (performance.now() - began) / 1000;
  if (Number(status) === 137) return { error: "timed out" };
  return { ...parseResult(output, program, all), elapsed };
}

/** @param {string} output @param {string} program @param {string} all */
export function parseResult(output, program, all) {
  const line = output.split(/\r?\n/).find((text) => text.startsWith(`${program} `)) ?? "";
  const [, seconds, sum] = /^\S+ ([\d.]+) ([\da-f]{16})$/.exec(line) ?? [];
  if (seconds === undefined || sum === undefined) return { error: `failed: ${all.trim().slice(-200)}` };
  return { seconds: Number(seconds), sum };
}
