// Mode pages that more than one device type has (SPC-4, 7.5).

import { type ModePage, modePage } from "./mode_pages";

export const PAGE_CONTROL = 0x0a;
/** Byte 2 of the control page: sense data in descriptor format. */
export const CONTROL_D_SENSE = 0x04;

/** Read-write error recovery (SBC-3, 6.4.7): automatic reallocation both ways. */
export const errorRecoveryPage: ModePage = modePage(0x01, 0x0a, { 2: 0xc0 });

/** SPC-4, 7.5.8. The queue algorithm modifier says that tasks may be reordered. */
export const controlPage: ModePage = modePage(PAGE_CONTROL, 0x0a, { 3: 0x10 }, { 2: CONTROL_D_SENSE });
