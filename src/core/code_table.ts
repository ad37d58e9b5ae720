// The JavaScript side of the translator: compiles the modules that assembly/jit writes and keeps the function table in
// which their functions, and the core's own, are called.

import * as Jit from "../../assembly/layout/jit";
import * as Profile from "../../assembly/layout/profile";

/** Slots in the table; layout/jit.ts SLOTS_END lies below. */
const TABLE_SIZE = 65536;

type OnTwoNumbers = (cpu: number, headA: number, sigA: bigint, headB: number, sigB: bigint) => bigint;
type OnNumber = (cpu: number, sig: bigint, head: number) => bigint;

/** Functions of the core that translated code imports, by the letter it knows them by (assembly/jit/module.ts). */
export interface TranslatorCalls {
  readonly jitRead: (cpu: number, la: bigint, tag: bigint, what: number) => number;
  readonly jitWrite: (cpu: number, la: bigint, tag: bigint, what: number) => number;
  readonly jitCold: (cpu: number, record: number, op: number) => number;
  readonly jitEnd: (cpu: number, record: number, op: number) => number;
  /** In place of these four, in the mode that compares translations with the interpreter. */
  readonly checkedCold: (cpu: number, record: number, op: number) => number;
  readonly checkedEnd: (cpu: number, record: number, op: number) => number;
  readonly checkedInterpret: (cpu: number, rip: bigint, what: number) => bigint;
  readonly checkedMisfit: (cpu: number, head: number) => number;
  readonly jitCondition: (cpu: number, code: number) => number;
  readonly interpret: (cpu: number, rip: bigint, what: number) => bigint;
  /** These two take vectors, so JavaScript cannot call them, only hand them on. */
  readonly jitVector: (cpu: number, record: number, what: number, a: unknown, b: unknown) => unknown;
  readonly jitOrder: (cpu: number, record: number, what: number, a: unknown, b: unknown) => number;
  readonly jitMisfit: (cpu: number, head: number) => number;
  readonly jitX87Add: OnTwoNumbers;
  readonly jitX87Mul: OnTwoNumbers;
  readonly jitX87Div: OnTwoNumbers;
  readonly jitX87Compare: OnTwoNumbers;
  readonly jitX87Root: OnNumber;
  readonly jitX87Load: OnNumber;
  readonly jitX87Widen: OnNumber;
  readonly jitX87Store: OnNumber;
  readonly jitCall: (cpu: number, rip: bigint, depth: number) => bigint;
  readonly checkedCall: (cpu: number, rip: bigint, depth: number) => bigint;
  readonly jitString: (cpu: number, record: number, what: number) => number;
  readonly jitAlignment: (cpu: number, record: number, set: number) => number;
}

export class CodeTable {
  readonly table = new WebAssembly.Table({ element: "anyfunc", initial: TABLE_SIZE });
  readonly #memory: WebAssembly.Memory;
  #imports: WebAssembly.Imports | undefined;

  constructor(memory: WebAssembly.Memory) {
    this.#memory = memory;
  }

  /** Must be called with the core's exports before the first `compile`. */
  connect(calls: TranslatorCalls): void {
    this.#imports = {
      env: {
        memory: this.#memory,
        table: this.table,
        // Given as they are, so that the engine links wasm to wasm, without JavaScript in between.
        r: calls.jitRead,
        w: calls.jitWrite,
        c: calls.jitCold,
        e: calls.jitEnd,
        d: calls.checkedCold,
        f: calls.checkedEnd,
        j: calls.checkedInterpret,
        t: calls.checkedMisfit,
        q: calls.jitCondition,
        v: calls.jitVector,
        o: calls.jitOrder,
        i: calls.interpret,
        s: calls.jitMisfit,
        A: calls.jitX87Add,
        M: calls.jitX87Mul,
        D: calls.jitX87Div,
        C: calls.jitX87Compare,
        R: calls.jitX87Root,
        L: calls.jitX87Load,
        W: calls.jitX87Widen,
        S: calls.jitX87Store,
        u: calls.jitString,
        a: calls.jitAlignment,
        k: calls.jitCall,
        g: calls.checkedCall,
      },
    };
  }

  /** The import `host.compile`: compiles a module in shared memory; its element segment puts the functions into the table. */
  readonly compile = (address: number, length: number): number => {
    // The compiler refuses shared memory: a copy.
    const bytes = new Uint8Array(this.#memory.buffer, address >>> 0, length).slice();
    const began = performance.now();
    try {
      const linked = new WebAssembly.Instance(new WebAssembly.Module(bytes), this.#imports);
      return linked instanceof WebAssembly.Instance ? 1 : 0;
    } catch {
      // Out of memory, or a fault of ours: the blocks stay with the interpreter, which counts them as refused.
      return 0;
    } finally {
      this.#countTime((address >>> 0) - Jit.module, performance.now() - began);
    }
  };

  /** For tools. */
  #countTime(jit: number, milliseconds: number): void {
    const view = new DataView(this.#memory.buffer, jit);
    view.setFloat64(Profile.compileTime, view.getFloat64(Profile.compileTime, true) + milliseconds, true);
  }
}
