// The JavaScript side of the translator: compiles the modules that assembly/jit writes and keeps the function table in
// which their functions, and the core's own, are called.

/** Slots in the table; layout/jit.ts MAX_SLOTS lies below. */
const TABLE_SIZE = 65536;

/** Functions of the core that translated code imports, by the letter it knows them by (assembly/jit/module.ts). */
export interface TranslatorCalls {
  jitRead(cpu: number, la: bigint, size: number): number;
  jitWrite(cpu: number, la: bigint, size: number): number;
  jitCold(cpu: number, record: number, op: number): number;
  jitEnd(cpu: number, record: number, op: number): number;
  jitCondition(cpu: number, code: number): number;
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
        r: calls.jitRead as never,
        w: calls.jitWrite as never,
        c: calls.jitCold as never,
        e: calls.jitEnd as never,
        q: calls.jitCondition as never,
      },
    };
  }

  /** The import `host.compile`: compiles a module in shared memory; its element segment puts the functions into the table. */
  readonly compile = (address: number, length: number): number => {
    // The compiler refuses shared memory: a copy.
    const bytes = new Uint8Array(this.#memory.buffer, address >>> 0, length).slice() as Uint8Array<ArrayBuffer>;
    try {
      new WebAssembly.Instance(new WebAssembly.Module(bytes), this.#imports);
      return 1;
    } catch (error) {
      console.error(`a translated module was refused: ${String(error)}`);
      return 0;
    }
  };
}
