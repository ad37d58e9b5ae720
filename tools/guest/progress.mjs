// What the builder says while it works: one line per step, with a percentage
// where a step is long. On a terminal the line is rewritten in place.

const isTerminal = process.stderr.isTTY === true;

/** Steps of the percentage outside a terminal, where each one is a line. */
const PLAIN_STEP = 25;

/** @typedef {{ percent: (value: number) => void, done: (note?: string) => void }} Step */

/** @param {string} message */
export function say(message) {
  process.stderr.write(`guest images: ${message}\n`);
}

/** @param {string} title @returns {Step} */
export function step(title) {
  const started = Date.now();
  let shown = -1;
  const rewrite = (/** @type {string} */ text) => process.stderr.write(`\r\x1b[Kguest images: ${text}`);
  if (isTerminal) rewrite(`${title} …`);
  else say(`${title} …`);
  return {
    percent(value) {
      const unit = isTerminal ? 1 : PLAIN_STEP;
      const next = Math.floor(value / unit) * unit;
      if (next <= shown || next === 0) return;
      shown = next;
      if (isTerminal) rewrite(`${title} … ${next} %`);
      else say(`${title} … ${next} %`);
    },
    done(note) {
      const seconds = ((Date.now() - started) / 1000).toFixed(1);
      const text = `${title}: ${note === undefined ? "" : `${note}, `}${seconds} s`;
      if (isTerminal) rewrite(`${text}\n`);
      else say(text);
    },
  };
}

/** @param {number} bytes */
export function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
