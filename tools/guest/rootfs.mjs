export async function buildDisk() {
  throw new Error("not written yet");
}
