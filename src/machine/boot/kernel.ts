// From the files of a machine to a boot plan: what kind of kernel it is, and which of its entries is the best.
//
//   bzImage ──► unpacked here ──► vmlinux ─┐      PVH note ──► pvh.ts
//      │  (compression not known)          ├─ ELF ─ none ────► linux.ts, 64-bit or 32-bit entry
//      └──► linux.ts, unpacks itself       │
//   multiboot header ──► multiboot.ts      ELF file

import { configIssue, type ConfigIssue } from "../../shared/config_issue";
import { err, ok, type Result } from "../../shared/result";
import { MiB } from "../../shared/units";
import {
  kernelIssue,
  type BootFile,
  type BootModule,
  type BootPlan,
  type LoadedBytes,
  type ZeroedRange,
} from "./boot_plan";
import { isBzImage, readBzImage, type BzImage } from "./bzimage";
import { isElf, readElf, type ElfKernel } from "./elf";
import { FileView } from "./file_view";
import { prepareLinux } from "./linux";
import { memoryMap, Placer, type E820Entry, type RamLayout } from "./memory_ranges";
import { findMultibootHeader, prepareMultiboot, readMultibootImage, type MultibootHeader } from "./multiboot";
import { preparePvh, type PlacedModule, type PreparedEntry } from "./pvh";
import { unpackPayload, type Gunzip } from "./unpack/payload";

export interface BootRequest {
  readonly kernel: BootFile;
  readonly modules: readonly BootModule[];
  readonly append: string;
  readonly ram: RamLayout;
  /** Address of the ACPI root pointer. */
  readonly rsdp: number;
  /** There is a VGA, in text mode. */
  readonly vga: boolean;
  readonly gunzip: Gunzip;
}

const PAGE = 4096;
/** COMMAND_LINE_SIZE of Linux on x86, without the NUL. */
const LINUX_COMMAND_LINE = 2047;
/** Linux maps the initrd before it knows all of memory; 2 GiB is what bzImages of today say. */
const INITRD_MAX = 0x7fffffff;

export async function planBoot(request: BootRequest): Promise<Result<BootPlan, ConfigIssue>> {
  const file = new FileView(request.kernel.bytes);
  if (isBzImage(file)) return planBzImage(request, file);
  const elf = isElf(file) ? readElf(file) : undefined;
  const multiboot = findMultibootHeader(file);
  if (multiboot !== undefined && (elf === undefined || !elf.ok || elf.value.pvhEntry === undefined)) {
    return planMultiboot(request, file, multiboot, elf?.ok === true ? elf.value : undefined);
  }
  if (elf === undefined) {
    return err(
      configIssue("kernel", `${request.kernel.name} is no kernel that we know (${describe(file)})`, [
        "Linux bzImage",
        "ELF with a PVH note",
        "Linux vmlinux",
        "multiboot image",
      ]),
    );
  }
  return elf.ok ? planElf(request, file, elf.value) : elf;
}

/** The first bytes, and what they usually mean when somebody gave the wrong URL. */
function describe(file: FileView): string {
  if (file.length === 0) return "the file is empty";
  const start = file.text(0, 64).trimStart().toLowerCase();
  if (start.startsWith("<!doctype") || start.startsWith("<html")) return "it is a web page";
  const bytes = Array.from(file.bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0"));
  return `it starts with ${bytes.join(" ")}`;
}

async function planBzImage(request: BootRequest, file: FileView): Promise<Result<BootPlan, ConfigIssue>> {
  const image = readBzImage(file);
  if (!image.ok) return image;
  const { payload, unpackedSize } = image.value;
  // What does not fit into the guest's memory is not worth unpacking, whatever the file claims.
  if (unpackedSize <= request.ram.lowEnd) {
    const unpacked = await unpackPayload({ bytes: payload, unpackedSize }, request.gunzip);
    if (!unpacked.ok && unpacked.error !== "unsupported") {
      return err(kernelIssue("the compressed kernel in the bzImage is damaged"));
    }
    const inner = unpacked.ok ? new FileView(unpacked.value) : undefined;
    const elf = inner !== undefined && isElf(inner) ? readElf(inner) : undefined;
    if (inner !== undefined && elf?.ok === true) return planElf(request, inner, elf.value, image.value);
  }
  return planSelfUnpacking(request, image.value);
}

/** The kernel's own decompressor does it in the guest. */
function planSelfUnpacking(request: BootRequest, image: BzImage): Result<BootPlan, ConfigIssue> {
  const { placer, map } = startPlacing(request);
  const gpa = image.relocatable ? MiB : image.loadAddress;
  const end = Math.max(gpa + image.protectedMode.length, image.preferredAddress + image.initSize);
  const issue = placer.claim(gpa, end - gpa, "kernel") ?? checkCommandLine(request, image.commandLineMax);
  if (issue !== undefined) return err(issue);
  const initrd = placeInitrd(request, placer, image.initrdMax);
  if (!initrd.ok) return initrd;
  const bits = image.has64BitEntry ? 64 : 32;
  const prepared = prepareLinux(
    {
      bits,
      entry: gpa + (bits === 64 ? 0x200 : 0),
      setupHeader: image.setupHeader,
      commandLine: request.append,
      initrd: initrd.value?.place,
      map,
      rsdp: request.rsdp,
      vga: request.vga,
    },
    placer,
  );
  const load = [{ gpa, bytes: image.protectedMode }, ...(initrd.value?.load ?? [])];
  return finish(prepared, `bzImage that unpacks itself, ${bits}-bit entry`, load, []);
}

function planElf(request: BootRequest, file: FileView, elf: ElfKernel, image?: BzImage): Result<BootPlan, ConfigIssue> {
  const { placer, map } = startPlacing(request);
  const parts = elf.segments.map((segment) => ({
    gpa: segment.gpa,
    bytes: file.bytes.subarray(segment.offset, segment.offset + segment.fileSize),
    memorySize: segment.memorySize,
  }));
  const issue = claimParts(parts, placer) ?? checkCommandLine(request, image?.commandLineMax ?? LINUX_COMMAND_LINE);
  if (issue !== undefined) return err(issue);
  const initrd = placeInitrd(request, placer, image?.initrdMax ?? INITRD_MAX);
  if (!initrd.ok) return initrd;
  const common = { commandLine: request.append, map, rsdp: request.rsdp, vga: request.vga };
  const place = initrd.value?.place;
  // Only Linux's own boot protocol tells the kernel of a text screen.
  const knowsLinux = elf.guestOs === "linux" && elf.bits === 64;
  const pvhEntry = request.vga && knowsLinux ? undefined : elf.pvhEntry;
  const prepared =
    pvhEntry === undefined
      ? prepareLinux(
          { ...common, bits: elf.bits, entry: physicalEntry(elf), setupHeader: image?.setupHeader, initrd: place },
          placer,
        )
      : preparePvh({ ...common, entry: pvhEntry, modules: place === undefined ? [] : [place] }, placer);
  const how = pvhEntry === undefined ? `${elf.bits}-bit Linux entry` : "PVH entry";
  const what = image === undefined ? `ELF${elf.bits}` : `ELF${elf.bits} from a bzImage`;
  const load = [...partsToLoad(parts), ...(initrd.value?.load ?? [])];
  return finish(prepared, `${what}, ${how}`, load, partsToZero(parts));
}

/** Kernels are linked to run at virtual addresses; some name such a one as their entry. */
function physicalEntry(elf: ElfKernel): number {
  const inside = elf.segments.find(
    ({ virtual, memorySize }) => elf.entry >= virtual && elf.entry < virtual + memorySize,
  );
  const physical = elf.segments.some(({ gpa, memorySize }) => elf.entry >= gpa && elf.entry < gpa + memorySize);
  return physical || inside === undefined ? elf.entry : elf.entry - inside.virtual + inside.gpa;
}

function planMultiboot(
  request: BootRequest,
  file: FileView,
  header: MultibootHeader,
  elf: ElfKernel | undefined,
): Result<BootPlan, ConfigIssue> {
  const image = readMultibootImage(file, header, elf);
  if (!image.ok) return image;
  const { placer, map } = startPlacing(request);
  const { parts, entry } = image.value;
  const issue = claimParts(parts, placer);
  if (issue !== undefined) return err(issue);
  const imageEnd = Math.max(...parts.map((part) => part.gpa + part.memorySize));
  const { modules, append } = request;
  const prepared = prepareMultiboot(
    { entry, imageEnd, kernelName: request.kernel.name, commandLine: append, modules, map },
    placer,
  );
  return finish(prepared, "multiboot image", partsToLoad(parts), partsToZero(parts));
}

interface Part {
  readonly gpa: number;
  readonly bytes: Uint8Array;
  readonly memorySize: number;
}

function startPlacing(request: BootRequest): { placer: Placer; map: E820Entry[] } {
  const map = memoryMap(request.ram);
  return { placer: new Placer(map), map };
}

function claimParts(parts: readonly Part[], placer: Placer): ConfigIssue | undefined {
  for (const part of parts) {
    const issue = placer.claim(part.gpa, part.memorySize, "kernel");
    if (issue !== undefined) return issue;
  }
  return undefined;
}

function partsToLoad(parts: readonly Part[]): LoadedBytes[] {
  return parts.filter((part) => part.bytes.length > 0).map(({ gpa, bytes }) => ({ gpa, bytes }));
}

function partsToZero(parts: readonly Part[]): ZeroedRange[] {
  return parts.flatMap(({ gpa, bytes, memorySize }) =>
    memorySize > bytes.length ? [{ gpa: gpa + bytes.length, length: memorySize - bytes.length }] : [],
  );
}

function checkCommandLine(request: BootRequest, max: number): ConfigIssue | undefined {
  const length = new TextEncoder().encode(request.append).length;
  return length <= max ? undefined : configIssue("append", `has ${length} bytes, this kernel takes ${max}`);
}

interface PlacedInitrd {
  readonly place: PlacedModule;
  readonly load: LoadedBytes[];
}

/** Linux takes several cpio archives one after the other as one initrd. */
function placeInitrd(request: BootRequest, placer: Placer, max: number): Result<PlacedInitrd | undefined, ConfigIssue> {
  const { modules } = request;
  if (modules.length === 0) return ok(undefined);
  if (modules.some((module) => module.argument !== "")) {
    return err(configIssue("initrd", "arguments are for modules of multiboot images, this is a Linux kernel"));
  }
  // Each archive starts at a multiple of 4, as the kernel's unpacker expects it.
  const starts: number[] = [];
  let length = 0;
  for (const module of modules) {
    starts.push(length);
    length = Math.ceil((length + module.bytes.length) / 4) * 4;
  }
  const gpa = placer.high(length, PAGE, "initrd", max + 1);
  if (!gpa.ok) return gpa;
  const load = modules.map((module, i) => ({ gpa: gpa.value + (starts[i] ?? 0), bytes: module.bytes }));
  return ok({ place: { gpa: gpa.value, length }, load });
}

function finish(
  prepared: Result<PreparedEntry, ConfigIssue>,
  description: string,
  load: readonly LoadedBytes[],
  zero: readonly ZeroedRange[],
): Result<BootPlan, ConfigIssue> {
  if (!prepared.ok) return prepared;
  return ok({ description, load: [...load, ...prepared.value.load], zero, entry: prepared.value.entry });
}
