// Pictures of 1024 x 768 that the image `desktop` draws alike on every machine with a QXL: nothing in them has a clock,
// a blinking cursor or a random number. The commands of one scene go on from the one before; each leaves a picture that
// stays as it is.

/** Puts a window with words into the picture; its program waits for the end of the scene. */
const terminal = (/** @type {string} */ options, /** @type {string} */ text) =>
  `(xterm ${options} -e sh -c "printf '\\033[?25l${text}'; sleep 1000000" &)`;

const colours = String.raw`\033[31mred \033[42mon green\033[0m\n\033[1mbold\033[0m \033[4munderlined\033[0m\n`;
const letters = String.raw`abcdefghijklmnopqrstuvwxyz 0123456789\n@#^&*()_+-=[]{};:,./<>?\n`;

/** Before the first scene: the desktop ends. */
export const before = "systemctl stop getty@tty1; sleep 5; dmesg -n 1; export DISPLAY=:0; cd";

/** @type {readonly { name: string, command: string }[]} */
export const scenes = [
  {
    name: "modetest",
    command: "(sleep 1000000 | modetest -M qxl -s Virtual-1:1024x768 -F smpte >/dev/null 2>&1 &)",
  },
  {
    name: "empty",
    command:
      "pkill modetest; sleep 2; (X :0 vt1 -nolisten tcp -br -noreset >/dev/null 2>&1 &); " +
      "until xrandr --output Virtual-1 --mode 1024x768 2>/dev/null; do sleep 1; done",
  },
  { name: "xterm", command: terminal("-geometry 60x12+30+40", letters + colours) },
  { name: "scrolled", command: terminal("-geometry 40x10+500+60", "$(seq -s ' ' 1 400)") },
  { name: "xlogo", command: "(xlogo -geometry 200x200+60+300 &); (xlogo -render -geometry 200x200+300+300 &)" },
  { name: "xcalc", command: "(xcalc -geometry +560+300 &)" },
  { name: "overlapping", command: terminal("-geometry 50x14+200+380 -bg navy -fg yellow", letters + colours) },
];

/** After the last one: the card is free for programs that want it alone. */
export const after = "pkill xterm; pkill -x Xorg; sleep 3";
