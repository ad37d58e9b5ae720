// From what the page asked for to what the machine model builds: fetches the manifest of a guest image, makes
// addresses absolute. Workers do not know the page's address, so it is given.

import { loadFile } from "../backends/files/load_file";
import { configIssue, type ConfigIssue } from "../shared/config_issue";
import { readGuestImage, type GuestImage } from "../shared/guest_image";
import { checkDrive, type DriveConfig, type MachineConfig } from "../shared/machine_config";
import { resolveConfig, resolveDrive, type ResolvedConfig, type ResolvedDrive } from "../shared/resolve_config";
import { err, ok, type Result } from "../shared/result";

export async function resolveMachine(
  config: MachineConfig,
  baseUrl: string,
): Promise<Result<ResolvedConfig, ConfigIssue>> {
  const imageUrl = (name: string): string => new URL(`guests/${config.image ?? ""}/${name}`, baseUrl).href;
  const urls = { imageUrl, resolveUrl: (relative: string): string => new URL(relative, baseUrl).href };
  const broken = findBrokenUrl(config, baseUrl);
  if (broken !== undefined) return err(configIssue("file", `"${broken}" is no address`, ["a URL"]));
  if (config.image === undefined) return resolveConfig(config, urls);
  const image = await loadImage(config.image, imageUrl("manifest.json"));
  return image.ok ? resolveConfig(config, { ...urls, image: image.value }) : image;
}

/** A drive for a machine that exists already; `id` is its name if it has none of its own. */
export function resolveNewDrive(
  drive: DriveConfig,
  baseUrl: string,
  id = "#drive",
): Result<ResolvedDrive, ConfigIssue> {
  const { file } = drive;
  if (typeof file === "string" && !URL.canParse(file, baseUrl)) {
    return err(configIssue("drive: file", `"${file}" is no address`, ["a URL"]));
  }
  const issue = checkDrive({ ...drive, if: "none", id: drive.id ?? id });
  if (issue !== undefined) return err(issue);
  return ok(resolveDrive(drive, id, { resolveUrl: (relative) => new URL(relative, baseUrl).href }));
}

async function loadImage(name: string, url: string): Promise<Result<GuestImage, ConfigIssue>> {
  const bytes = await loadFile({ url }, () => undefined);
  if (!bytes.ok) return err(configIssue(`image=${name}`, bytes.error));
  try {
    return readGuestImage(name, JSON.parse(new TextDecoder().decode(bytes.value)));
  } catch {
    return err(configIssue(`image=${name}`, `${url} is not JSON`));
  }
}

function findBrokenUrl(config: MachineConfig, baseUrl: string): string | undefined {
  const files = [
    config.kernel,
    ...(config.initrd ?? []).map((entry) => entry.file),
    ...(config.drives ?? []).map((drive) => drive.file),
  ];
  return files.find((file): file is string => typeof file === "string" && !URL.canParse(file, baseUrl));
}
