// A disk that has never been written: every sector is zero. With an overlay on top it is an empty disk in memory.

import { type DiskAnswer, type DiskBackend, SECTOR_SIZE, type View } from "./types";
import { fillViews, viewsLength } from "./views";

export class ZeroDisk implements DiskBackend {
  readonly sectors: number;
  readonly readOnly = true;

  constructor(bytes: number) {
    this.sectors = Math.ceil(bytes / SECTOR_SIZE);
  }

  read(_sector: number, views: readonly View[]): DiskAnswer {
    fillViews(views, 0, viewsLength(views));
    return "ok";
  }

  write(): DiskAnswer {
    return "read-only";
  }

  flush(): DiskAnswer {
    return "ok";
  }

  discard(): DiskAnswer {
    return "read-only";
  }

  writeZeroes(): DiskAnswer {
    return "read-only";
  }

  close(): void {
    // There is nothing.
  }
}
