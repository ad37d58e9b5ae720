// Brings kernel and initial RAM disks here and turns them into a boot plan.

import { gunzip, loadFile } from "../backends/files/load_file";
import { configIssue, type ConfigIssue } from "../shared/config_issue";
import { hasVga, type ResolvedConfig, type ResolvedFile } from "../shared/resolve_config";
import { err, ok, type Result } from "../shared/result";
import { MiB } from "../shared/units";
import type { BootFile, BootModule, BootPlan } from "./boot/boot_plan";
import { planBoot } from "./boot/kernel";
import { ramLayout } from "./boot/memory_ranges";

/** `what` names the thing for a person: "kernel vmlinux". */
export type LoadProgress = (what: string, loaded: number, total: number | undefined) => void;

/** Loads a file by URL; a test or a command-line tool may bring its own. */
export type FileLoader = typeof loadFile;

/** A kernel and what is loaded with it. */
export interface BootFiles {
  readonly kernel: BootFile;
  readonly modules: readonly BootModule[];
}

export async function loadBootFiles(
  config: ResolvedConfig,
  progress: LoadProgress,
  loader: FileLoader = loadFile,
): Promise<Result<BootFiles, ConfigIssue>> {
  const load = (option: string, file: ResolvedFile) => bringFile(option, file, progress, loader);
  const [kernel, ...initrd] = await Promise.all([
    load("kernel", config.kernel),
    ...config.initrd.map((entry) => load("initrd", entry.file)),
  ]);
  if (!kernel.ok) return kernel;
  const modules: BootModule[] = [];
  for (const [i, file] of initrd.entries()) {
    if (!file.ok) return file;
    modules.push({ ...file.value, argument: config.initrd[i]?.argument ?? "" });
  }
  return ok({ kernel: kernel.value, modules });
}

/** `rsdp` is the address of the ACPI root pointer. */
export function makeBootPlan(
  config: ResolvedConfig,
  rsdp: number,
  files: BootFiles,
): Promise<Result<BootPlan, ConfigIssue>> {
  return planBoot({
    ...files,
    append: config.append,
    ram: ramLayout(config.memory * MiB),
    rsdp,
    vga: hasVga(config),
    gunzip,
  });
}

async function bringFile(
  option: string,
  file: ResolvedFile,
  progress: LoadProgress,
  loader: FileLoader,
): Promise<Result<BootFile, ConfigIssue>> {
  if (file.kind === "bytes") return ok({ name: file.name, bytes: file.bytes });
  const bytes = await loader(file, (loaded, total) => progress(`${option} ${file.name}`, loaded, total));
  return bytes.ok ? ok({ name: file.name, bytes: bytes.value }) : err(configIssue(option, bytes.error));
}
