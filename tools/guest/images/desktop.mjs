// The image "debian" with Xorg on QXL, a window manager and a few programs.

import { image as debian } from "./debian.mjs";

const { rootfs } = debian;
if (rootfs === undefined) throw new Error("the image debian has no disk");

const DISK_UUID = "7ab71504-0000-4000-8000-00000000de5c";

const PACKAGES = [
  "icewm",
  // modetest
  "libdrm-tests",
  "spice-vdagent",
  "x11-apps",
  "x11-utils",
  "x11-xserver-utils",
  // The fonts that xterm and x11perf ask for.
  "xfonts-base",
  "xinit",
  "xserver-xorg-core",
  "xserver-xorg-input-libinput",
  "xserver-xorg-video-qxl",
  "xterm",
];

const AUTOLOGIN = `[Service]
Environment=TERM=linux
ExecStart=
ExecStart=-/sbin/agetty --autologin root --noclear - $TERM
`;

/** Without a display adapter the login stays a shell; it is one again when the desktop ends. */
const PROFILE = `[ -r ~/.bashrc ] && . ~/.bashrc
if [ "$(tty)" = /dev/tty1 ]; then
	udevadm settle --timeout=60
	[ -e /dev/dri/card0 ] && startx
fi
`;

/** The display follows the size of the window in which a person looks, as larger desktops do by themselves. */
const SESSION = `#!/bin/sh
xsetroot -solid '#35506b'
spice-vdagent
xev -root -event randr | grep --line-buffered OutputChange | while read -r event; do
	xrandr --output Virtual-1 --auto
done &
xterm -geometry 90x28+40+40 &
exec icewm
`;

/** Nothing here draws with OpenGL, whose software renderer takes long to load; and nobody wants a dark screen. */
const XORG = `Section "Module"
	Disable "glx"
EndSection
Section "ServerFlags"
	Option "BlankTime" "0"
	Option "StandbyTime" "0"
	Option "SuspendTime" "0"
	Option "OffTime" "0"
EndSection
Section "Device"
	Identifier "display"
	Driver "qxl"
EndSection
`;

/** What is selected is also what other programs, and the page, paste. */
const PROGRAMS = `XTerm*selectToClipboard: true
XTerm*VT100.utf8Fonts.font: -misc-fixed-medium-r-normal--15-140-75-75-c-90-iso10646-1
XTerm*VT100.translations: #override Ctrl Shift <Key>V: insert-selection(CLIPBOARD)
`;

/**
 * Nothing that wakes the machine all the time: no meters, a clock of minutes, and no buttons for windows, whose layout
 * icewm 3.3.1 makes anew sixty times a second (its issue 763).
 */
const WINDOW_MANAGER = `TaskBarShowWindows=0
TaskBarShowCPUStatus=0
TaskBarShowMEMStatus=0
TaskBarShowNetStatus=0
TaskBarShowAPMStatus=0
TaskBarShowMailboxStatus=0
TaskBarClockLeds=0
TimeFormat="%H:%M"
ShowLogoutMenu=0
`;

/** @type {import("../image.mjs").Image} */
export const image = {
  ...debian,
  name: "desktop",
  title: "Debian 12 desktop",
  description: "Debian 12 with Xorg on QXL, a window manager, xterm and a few programs.",
  memoryMb: 768,
  append: debian.append.replace(rootfs.uuid, DISK_UUID).replace("console=hvc0", "console=tty0 console=hvc0"),
  devices: [
    ...debian.devices,
    "qxl-vga",
    "virtio-keyboard-pci",
    "virtio-tablet-pci",
    "virtserialport,name=com.redhat.spice.0",
  ],
  onDemand: true,
  rootfs: {
    ...rootfs,
    uuid: DISK_UUID,
    packages: [...rootfs.packages, ...PACKAGES].sort(),
    // spice-vdagentd makes a pointer of its own by it, and ends where it cannot.
    modules: [...rootfs.modules, "kernel/drivers/input/misc/uinput.ko"],
    programs: { ...rootfs.programs, "usr/local/bin/qxl-draw": "qxl_draw.c" },
    files: {
      ...rootfs.files,
      "etc/systemd/system/getty@tty1.service.d/autologin.conf": AUTOLOGIN,
      "etc/X11/xorg.conf.d/10-tabvisor.conf": XORG,
      "root/.Xdefaults": PROGRAMS,
      "root/.bash_profile": PROFILE,
      "root/.icewm/preferences": WINDOW_MANAGER,
      "root/.xinitrc": SESSION,
    },
  },
};
