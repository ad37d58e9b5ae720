// All keys in the words of those who speak of them: `KeyboardEvent.code` (UI Events), QEMU's key codes (QMP, send-key), Linux's
// numbers (input-event-codes.h, which virtio-input uses), and scan code set 2 of PS/2 keyboards. Which character a key gives is
// the guest's affair: only places on the keyboard are named here.

/** A key by its number in Linux's input-event-codes.h. */
export type KeyNumber = number;

/** code, QEMU's names, number, what a PS/2 keyboard sends when the key goes down (set 2, hex). */
type Row = readonly [code: string, names: string, number: KeyNumber, set2: string];

const rows: readonly Row[] = [
  ["Escape", "esc", 1, "76"],
  ["Digit1", "1", 2, "16"],
  ["Digit2", "2", 3, "1e"],
  ["Digit3", "3", 4, "26"],
  ["Digit4", "4", 5, "25"],
  ["Digit5", "5", 6, "2e"],
  ["Digit6", "6", 7, "36"],
  ["Digit7", "7", 8, "3d"],
  ["Digit8", "8", 9, "3e"],
  ["Digit9", "9", 10, "46"],
  ["Digit0", "0", 11, "45"],
  ["Minus", "minus", 12, "4e"],
  ["Equal", "equal", 13, "55"],
  ["Backspace", "backspace", 14, "66"],
  ["Tab", "tab", 15, "0d"],
  ["KeyQ", "q", 16, "15"],
  ["KeyW", "w", 17, "1d"],
  ["KeyE", "e", 18, "24"],
  ["KeyR", "r", 19, "2d"],
  ["KeyT", "t", 20, "2c"],
  ["KeyY", "y", 21, "35"],
  ["KeyU", "u", 22, "3c"],
  ["KeyI", "i", 23, "43"],
  ["KeyO", "o", 24, "44"],
  ["KeyP", "p", 25, "4d"],
  ["BracketLeft", "bracket_left", 26, "54"],
  ["BracketRight", "bracket_right", 27, "5b"],
  ["Enter", "ret", 28, "5a"],
  ["ControlLeft", "ctrl", 29, "14"],
  ["KeyA", "a", 30, "1c"],
  ["KeyS", "s", 31, "1b"],
  ["KeyD", "d", 32, "23"],
  ["KeyF", "f", 33, "2b"],
  ["KeyG", "g", 34, "34"],
  ["KeyH", "h", 35, "33"],
  ["KeyJ", "j", 36, "3b"],
  ["KeyK", "k", 37, "42"],
  ["KeyL", "l", 38, "4b"],
  ["Semicolon", "semicolon", 39, "4c"],
  ["Quote", "apostrophe", 40, "52"],
  ["Backquote", "grave_accent", 41, "0e"],
  ["ShiftLeft", "shift", 42, "12"],
  ["Backslash", "backslash", 43, "5d"],
  ["KeyZ", "z", 44, "1a"],
  ["KeyX", "x", 45, "22"],
  ["KeyC", "c", 46, "21"],
  ["KeyV", "v", 47, "2a"],
  ["KeyB", "b", 48, "32"],
  ["KeyN", "n", 49, "31"],
  ["KeyM", "m", 50, "3a"],
  ["Comma", "comma", 51, "41"],
  ["Period", "dot", 52, "49"],
  ["Slash", "slash", 53, "4a"],
  ["ShiftRight", "shift_r", 54, "59"],
  ["NumpadMultiply", "kp_multiply asterisk", 55, "7c"],
  ["AltLeft", "alt", 56, "11"],
  ["Space", "spc", 57, "29"],
  ["CapsLock", "caps_lock", 58, "58"],
  ["F1", "f1", 59, "05"],
  ["F2", "f2", 60, "06"],
  ["F3", "f3", 61, "04"],
  ["F4", "f4", 62, "0c"],
  ["F5", "f5", 63, "03"],
  ["F6", "f6", 64, "0b"],
  ["F7", "f7", 65, "83"],
  ["F8", "f8", 66, "0a"],
  ["F9", "f9", 67, "01"],
  ["F10", "f10", 68, "09"],
  ["NumLock", "num_lock", 69, "77"],
  ["ScrollLock", "scroll_lock", 70, "7e"],
  ["Numpad7", "kp_7", 71, "6c"],
  ["Numpad8", "kp_8", 72, "75"],
  ["Numpad9", "kp_9", 73, "7d"],
  ["NumpadSubtract", "kp_subtract", 74, "7b"],
  ["Numpad4", "kp_4", 75, "6b"],
  ["Numpad5", "kp_5", 76, "73"],
  ["Numpad6", "kp_6", 77, "74"],
  ["NumpadAdd", "kp_add", 78, "79"],
  ["Numpad1", "kp_1", 79, "69"],
  ["Numpad2", "kp_2", 80, "72"],
  ["Numpad3", "kp_3", 81, "7a"],
  ["Numpad0", "kp_0", 82, "70"],
  ["NumpadDecimal", "kp_decimal", 83, "71"],
  ["IntlBackslash", "less", 86, "61"],
  ["F11", "f11", 87, "78"],
  ["F12", "f12", 88, "07"],
  ["IntlRo", "ro", 89, "51"],
  ["Convert", "henkan", 92, "64"],
  ["KanaMode", "katakanahiragana", 93, "13"],
  ["NonConvert", "muhenkan", 94, "67"],
  ["NumpadEnter", "kp_enter", 96, "e05a"],
  ["ControlRight", "ctrl_r", 97, "e014"],
  ["NumpadDivide", "kp_divide", 98, "e04a"],
  ["PrintScreen", "print sysrq", 99, "e012e07c"],
  ["AltRight", "alt_r altgr", 100, "e011"],
  ["Home", "home", 102, "e06c"],
  ["ArrowUp", "up", 103, "e075"],
  ["PageUp", "pgup", 104, "e07d"],
  ["ArrowLeft", "left", 105, "e06b"],
  ["ArrowRight", "right", 106, "e074"],
  ["End", "end", 107, "e069"],
  ["ArrowDown", "down", 108, "e072"],
  ["PageDown", "pgdn", 109, "e07a"],
  ["Insert", "insert", 110, "e070"],
  ["Delete", "delete", 111, "e071"],
  ["AudioVolumeMute", "audiomute", 113, "e023"],
  ["AudioVolumeDown", "volumedown", 114, "e021"],
  ["AudioVolumeUp", "volumeup", 115, "e032"],
  ["Power", "power", 116, "e037"],
  ["NumpadEqual", "kp_equals", 117, "0f"],
  ["Pause", "pause", 119, "e11477e1f014f077"],
  ["NumpadComma", "kp_comma", 121, "6d"],
  ["Lang1", "lang1", 122, "f2"],
  ["Lang2", "lang2", 123, "f1"],
  ["IntlYen", "yen", 124, "6a"],
  ["MetaLeft", "meta_l", 125, "e01f"],
  ["MetaRight", "meta_r", 126, "e027"],
  ["ContextMenu", "compose menu", 127, "e02f"],
  ["BrowserStop", "stop", 128, "e028"],
  ["LaunchApp2", "calculator", 140, "e02b"],
  ["Sleep", "sleep", 142, "e03f"],
  ["WakeUp", "wake", 143, "e05e"],
  ["LaunchMail", "mail", 155, "e048"],
  ["BrowserFavorites", "ac_bookmarks", 156, "e018"],
  ["LaunchApp1", "computer", 157, "e040"],
  ["BrowserBack", "ac_back", 158, "e038"],
  ["BrowserForward", "ac_forward", 159, "e030"],
  ["MediaTrackNext", "audionext", 163, "e04d"],
  ["MediaPlayPause", "audioplay", 164, "e034"],
  ["MediaTrackPrevious", "audioprev", 165, "e015"],
  ["MediaStop", "audiostop", 166, "e03b"],
  ["BrowserHome", "ac_home", 172, "e03a"],
  ["BrowserRefresh", "ac_refresh", 173, "e020"],
  ["F13", "f13", 183, "08"],
  ["F14", "f14", 184, "10"],
  ["F15", "f15", 185, "18"],
  ["F16", "f16", 186, "20"],
  ["F17", "f17", 187, "28"],
  ["F18", "f18", 188, "30"],
  ["F19", "f19", 189, "38"],
  ["F20", "f20", 190, "40"],
  ["F21", "f21", 191, "48"],
  ["F22", "f22", 192, "50"],
  ["F23", "f23", 193, "57"],
  ["F24", "f24", 194, "5f"],
  ["BrowserSearch", "find", 217, "e010"],
  ["MediaSelect", "mediaselect", 226, "e050"],
];

/**
 * Numbers that QEMU gives keys (QMP's KeyValue, "number") where they are not Linux's: scan codes of set 1, with bit 7 for
 * those that have e0 before them.
 */
const qemuNumbers: readonly (readonly [number: KeyNumber, qemu: number])[] = [
  [89, 0x73],
  [92, 0x79],
  [93, 0x70],
  [94, 0x7b],
  [96, 0x9c],
  [97, 0x9d],
  [98, 0xb5],
  [99, 0x54],
  [100, 0xb8],
  [102, 0xc7],
  [103, 0xc8],
  [104, 0xc9],
  [105, 0xcb],
  [106, 0xcd],
  [107, 0xcf],
  [108, 0xd0],
  [109, 0xd1],
  [110, 0xd2],
  [111, 0xd3],
  [113, 0xa0],
  [114, 0xae],
  [115, 0xb0],
  [116, 0xde],
  [117, 0x59],
  [119, 0xc6],
  [121, 0x7e],
  [122, 0x72],
  [123, 0x71],
  [124, 0x7d],
  [125, 0xdb],
  [126, 0xdc],
  [127, 0xdd],
  [128, 0xe8],
  [140, 0xa1],
  [142, 0xdf],
  [143, 0xe3],
  [155, 0xec],
  [156, 0xe6],
  [157, 0xeb],
  [158, 0xea],
  [159, 0xe9],
  [163, 0x99],
  [164, 0xa2],
  [165, 0x90],
  [166, 0xa4],
  [172, 0xb2],
  [173, 0xe7],
  [183, 0x5d],
  [184, 0x5e],
  [185, 0x5f],
  [186, 0x55],
  [187, 0x83],
  [188, 0xf7],
  [189, 0x84],
  [190, 0x5a],
  [191, 0x74],
  [192, 0xf9],
  [193, 0x6d],
  [194, 0x6f],
  [217, 0xe5],
  [226, 0xed],
];
/** Up to here they are the same. */
const LAST_COMMON = 88;
/** Print Screen has a second one, of what it sends without Alt. */
const PRINT = [99, 0xb7] as const;

const byQemuNumber = new Map([...qemuNumbers, PRINT].map(([number, qemu]) => [qemu, number]));
const byCode = new Map(rows.map(([code, , number]) => [code, number]));
const byName = new Map(rows.flatMap(([, names, number]) => names.split(" ").map((name) => [name, number] as const)));
const set2 = new Map(rows.map(([, , number, bytes]) => [number, bytesOf(bytes)]));

function bytesOf(hex: string): number[] {
  return Array.from({ length: hex.length / 2 }, (_, i) => parseInt(hex.slice(2 * i, 2 * i + 2), 16));
}

export const keyNumbers: readonly KeyNumber[] = rows.map(([, , number]) => number);
/** QEMU's names of all keys. */
export const keyNames: readonly string[] = [...byName.keys()];

/** The key of a `KeyboardEvent.code`. */
export function keyOfCode(code: string): KeyNumber | undefined {
  return byCode.get(code);
}

/** The key of a number that QEMU's send-key takes. */
export function keyOfQemuNumber(qemu: number): KeyNumber | undefined {
  return qemu <= LAST_COMMON && set2.has(qemu) ? qemu : byQemuNumber.get(qemu);
}

/** The key that QEMU calls so: "ctrl", "ret", "kp_7". */
export function keyOfName(name: string): KeyNumber | undefined {
  return byName.get(name);
}

const EXTENDED = 0xe0;
const EXTENDED_1 = 0xe1;
const BREAK = 0xf0;
/** Codes above all others, of keys that say nothing when they go up (Korean keyboards). */
const FIRST_SILENT = 0xf1;

/** What a PS/2 keyboard with scan code set 2 sends when a key goes down or up; nothing for a key that it does not have. */
export function ps2Codes(key: KeyNumber, down: boolean): readonly number[] {
  const codes = set2.get(key) ?? [];
  if (down) return codes;
  const [first = 0] = codes;
  // Pause has sent its break together with its make.
  if (first === EXTENDED_1 || (first >= FIRST_SILENT && codes.length === 1)) return [];
  const parts: number[][] = [];
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? 0;
    if (code === EXTENDED) parts.push([EXTENDED, BREAK, codes[++i] ?? 0]);
    else parts.push([BREAK, code]);
  }
  // A key that goes down as two goes up in the reverse order.
  return parts.reverse().flat();
}
