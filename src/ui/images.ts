// The ready guest images that this site offers: guests/index.json, written by tools/guest.

export interface ImageEntry {
  readonly name: string;
  readonly title: string;
  readonly description: string;
}

/** Empty where the site has no images. */
export async function listImages(): Promise<ImageEntry[]> {
  try {
    const response = await fetch(new URL("guests/index.json", document.baseURI));
    if (!response.ok) return [];
    return readIndex(await response.json());
  } catch {
    return [];
  }
}

/** Leaves out what is not an entry. */
export function readIndex(json: unknown): ImageEntry[] {
  const images: unknown = typeof json === "object" && json !== null && "images" in json ? json.images : undefined;
  if (!Array.isArray(images)) return [];
  return (images as unknown[]).flatMap((entry) => {
    if (typeof entry !== "object" || entry === null) return [];
    const { name, title, description } = entry as Partial<Record<keyof ImageEntry, unknown>>;
    if (typeof name !== "string") return [];
    return [{ name, title: asText(title, name), description: asText(description, "") }];
  });
}

function asText(value: unknown, otherwise: string): string {
  return typeof value === "string" ? value : otherwise;
}
