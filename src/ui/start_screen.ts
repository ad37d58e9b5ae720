// Where a machine is chosen: a ready image or files of one's own. The answer is a query string, as in the address.

import type { DriveConfig, MachineConfig } from "../shared/machine_config";
import { formatQuery } from "../shared/query_string";
import { el } from "./dom";
import { icon } from "./icons";
import type { ImageEntry } from "./images";

const memoryChoices = [128, 256, 512, 1024, 2048, 3072];

export class StartScreen {
  readonly element: HTMLElement;
  readonly #form: HTMLFormElement;
  readonly #problem = el("p", { class: "problem", role: "alert" });
  readonly #onStart: (query: string) => void;

  constructor(images: readonly ImageEntry[], onStart: (query: string) => void) {
    this.#onStart = onStart;
    const onsubmit = (event: SubmitEvent): void => {
      event.preventDefault();
      this.#submit();
    };
    this.#form = el(
      "form",
      { class: "card start", onsubmit, novalidate: true },
      imageChoice(images),
      ownFiles(images.length === 0),
      memoryChoice(),
      this.#problem,
      el("div", { class: "actions" }, el("button", { type: "submit", class: "primary big" }, icon("play"), "Start")),
    );
    this.element = el("main", { class: "start-page" }, heading(), this.#form);
    this.#form.addEventListener("change", () => this.#update());
    this.#update();
  }

  /** The fields for own files are there when they are chosen. */
  #update(): void {
    const own = this.#value("image") === "";
    for (const part of this.#form.querySelectorAll<HTMLElement>(".own")) part.hidden = !own;
    this.#problem.textContent = "";
  }

  #submit(): void {
    const query = formatQuery(this.#config());
    if (!query.ok) this.#problem.textContent = query.error.reason;
    else if (this.#value("image") === "" && this.#value("kernel") === "") this.#askForKernel();
    else this.#onStart(query.value);
  }

  #askForKernel(): void {
    this.#problem.textContent = "Give the address of a kernel.";
    this.#form.querySelector<HTMLInputElement>("[name=kernel]")?.focus();
  }

  #config(): MachineConfig {
    const memory = Number(this.#value("memory"));
    const base = memory > 0 ? { memory } : {};
    const image = this.#value("image");
    if (image !== "") return { image, ...base };
    const [kernel, initrd, append, disk] = ["kernel", "initrd", "append", "disk"].map((name) => this.#value(name));
    const drive: DriveConfig = { file: disk ?? "", if: "virtio", format: "raw" };
    return {
      ...base,
      kernel: kernel ?? "",
      ...(initrd ? { initrd: [{ file: initrd }] } : {}),
      ...(append ? { append } : {}),
      ...(disk ? { drives: [drive] } : {}),
      devices: [{ driver: "virtio-serial-pci" }, { driver: "virtconsole" }],
    };
  }

  #value(name: string): string {
    const value = new FormData(this.#form).get(name);
    return typeof value === "string" ? value.trim() : "";
  }
}

function heading(): HTMLElement {
  return el(
    "header",
    { class: "start-heading" },
    el("h1", {}, icon("terminal"), "Tabvisor"),
    el("p", {}, "A 64-bit PC inside this tab. Nothing is sent anywhere, and closing the tab ends it."),
  );
}

function imageChoice(images: readonly ImageEntry[]): HTMLElement {
  const cards = images.map(({ name, title, description }, i) => card(name, title, description, i === 0));
  const own = card("", "Your own kernel", "Any bzImage, PVH or multiboot kernel by its address.", images.length === 0);
  return el("fieldset", {}, el("legend", {}, "System"), el("div", { class: "choices" }, ...cards, own));
}

function card(value: string, title: string, description: string, checked: boolean): HTMLElement {
  return el(
    "label",
    { class: "choice" },
    el("input", { type: "radio", name: "image", value, checked }),
    el("span", { class: "choice-title" }, title),
    el("span", { class: "choice-text" }, description),
  );
}

function ownFiles(shown: boolean): HTMLElement {
  const field = (name: string, label: string, placeholder: string): HTMLElement =>
    el(
      "label",
      { class: "text-field" },
      label,
      el("input", { type: "text", name, placeholder, autocomplete: "off", spellcheck: "false" }),
    );
  return el(
    "fieldset",
    { class: "own", hidden: !shown },
    el("legend", {}, "Files"),
    field("kernel", "Kernel", "https://…/vmlinuz"),
    field("initrd", "Initial RAM disk", "https://…/initrd.img"),
    field("append", "Command line", "console=ttyS0 console=hvc0 root=/dev/vda"),
    field("disk", "Disk image (raw)", "https://…/disk.img"),
  );
}

function memoryChoice(): HTMLElement {
  const option = (value: string, text: string): HTMLElement => el("option", { value }, text);
  const sizes = memoryChoices.map((size) => option(String(size), size < 1024 ? `${size} MiB` : `${size / 1024} GiB`));
  return el(
    "label",
    { class: "text-field memory" },
    "Memory",
    el("select", { name: "memory" }, option("", "As the system asks for"), ...sizes),
  );
}
