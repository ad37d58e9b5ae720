// Where a block command's CDB has its logical block address and its transfer length (SBC-3, 4.2.5; SPC-4, 4.2.2).

import { be16, be24, be32, be64 } from "./bytes";

export interface BlockRange {
  readonly lba: number;
  readonly blocks: number;
}

export function blockRange(cdb: Uint8Array): BlockRange {
  switch ((cdb[0] ?? 0) >> 5) {
    case 0:
      // Six bytes hold 21 bits of address, and a length of zero means 256.
      return { lba: be24(cdb, 1) & 0x1fffff, blocks: (cdb[4] ?? 0) || 256 };
    case 4:
      return { lba: be64(cdb, 2), blocks: be32(cdb, 10) };
    case 5:
      return { lba: be32(cdb, 2), blocks: be32(cdb, 6) };
    default:
      return { lba: be32(cdb, 2), blocks: be16(cdb, 7) };
  }
}
