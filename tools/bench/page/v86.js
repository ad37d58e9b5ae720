// A machine for the peer v86: the i386 benchmark kernel, with its serial port to the harness.

/**
 * Starts it with what the settings add. `output` gets each line that the guest prints; returns the function that types one.
 * @param {(text: string) => void} output @param {object} settings of V86 @returns {(line: string) => void}
 */
export function startMachine(output, settings) {
  const emulator = new globalThis.V86({
    wasm_path: "/v86/v86.wasm",
    bios: { url: "/bench/seabios/bios.bin" },
    vga_bios: { url: "/bench/seabios/vgabios.bin" },
    bzimage: { url: "/bench/i386/bzImage" },
    vga_memory_size: 2 << 20,
    disable_speaker: true,
    disable_keyboard: true,
    disable_mouse: true,
    autostart: true,
    ...settings,
  });
  let text = "";
  emulator.add_listener("serial0-output-byte", (byte) => {
    text += String.fromCharCode(byte);
    if (byte !== 10) return;
    output(text);
    text = "";
  });
  return (line) => emulator.serial0_send(line);
}
