// Which flags an integer instruction leaves undefined (SDM vol. 2, "Flags Affected"), by its operands.

export const CF = 1;
export const PF = 4;
export const AF = 0x10;
export const ZF = 0x40;
export const SF = 0x80;
export const OF = 0x800;
export const DF = 0x400;
export const ARITHMETIC = CF | PF | AF | ZF | SF | OF;

/** @param {string} mnemonic @param {number} width @param {number} count as masked by the processor */
function shiftUndefined(mnemonic, width, count) {
  if (count === 0) return 0;
  const overflow = count === 1 ? 0 : OF;
  if (/^R[OC]/.test(mnemonic)) return overflow;
  if (/^SH[LR]D$/.test(mnemonic)) return count > width ? ARITHMETIC : AF | overflow;
  return AF | overflow | (mnemonic !== "SAR" && count >= width ? CF : 0);
}

/** @type {[mnemonics: RegExp, undefined: number][]} */
const fixed = [
  [/^(AND|OR|XOR|TEST)$/, AF],
  [/^I?MUL$/, SF | ZF | AF | PF],
  [/^I?DIV$/, ARITHMETIC],
  [/^BT[SRC]?$/, OF | SF | AF | PF],
  [/^BS[FR]$/, CF | OF | SF | AF | PF],
  [/^(TZ|LZ)CNT$/, OF | SF | PF | AF],
  [/^AA[AS]$/, OF | SF | ZF | PF],
  [/^AA[MD]$/, OF | AF | CF],
  [/^DA[AS]$/, OF],
];

/** @param {string} mnemonic @param {number} width bits of the operand @param {number} count of a shift, as the instruction has it */
export function undefinedFlags(mnemonic, width, count) {
  if (/^(SH[LR]D?|SAR|R[OC][LR])$/.test(mnemonic)) {
    return shiftUndefined(mnemonic, width, count & (width === 64 ? 63 : 31));
  }
  return fixed.find(([names]) => names.test(mnemonic))?.[1] ?? 0;
}
