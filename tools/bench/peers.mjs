// The machines that are compared. Each peer opens machines that run programs by name, and measures boots.
import { native } from "./peers/native.mjs";
import { before, tabvisor } from "./peers/tabvisor.mjs";
import { tcg } from "./peers/tcg.mjs";
import { v86 } from "./peers/v86.mjs";

/** @typedef {import("./programs.mjs").Architecture} Architecture */

/**
 * What a program said, or why it said nothing; `elapsed` is the host's clock around it.
 * @typedef {{ seconds?: number, sum?: string, error?: string, elapsed?: number }} Result
 */

/**
 * @typedef {object} OpenMachine
 * @property {(program: string, seconds: number) => Promise<Result>} run
 * @property {() => Promise<void>} close
 */

/**
 * @typedef {object} Context
 * @property {Partial<Record<Architecture, import("./guest.mjs").Guest>>} guests
 * @property {import("./server.mjs").Server} server
 * @property {import("./server.mjs").Server} [earlier] the site of the peer before
 * @property {(text: string) => void} note
 * @property {Architecture} kernel32 the kernel on which Tabvisor runs i386 programs
 * @property {string} jit Tabvisor's translator: on, off or force
 */

/**
 * @typedef {object} Peer
 * @property {string} name
 * @property {string} title
 * @property {Architecture[]} architectures
 * @property {() => Promise<string | undefined>} missing why it cannot take part
 * @property {(architecture: Architecture, context: Context) => Promise<OpenMachine>} open
 * @property {Record<string, (context: Context) => Promise<number>>} boots seconds to the shell, by image
 */

/** @type {Peer[]} */
export const peers = [native, tcg, before, tabvisor, v86];
