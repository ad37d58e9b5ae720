// Which page is shown: the start screen without a query string, the machine that the query string describes with one.

import { ConfigError, Machine } from "../workers/client";
import { listImages } from "./images";
import { MachineView } from "./machine_view";
import { errorPage, type ErrorPage } from "./messages";
import { ScreenInput } from "./screen_input";
import { StartScreen } from "./start_screen";

declare global {
  // What scripts and tests drive the page's machine by.
  var tabvisor: {
    machine?: Machine | Promise<Machine>;
    Machine: typeof Machine;
    ScreenInput: typeof ScreenInput;
  };
}

export class App {
  readonly #root: HTMLElement;
  #view: MachineView | undefined;

  constructor(root: HTMLElement) {
    this.#root = root;
    globalThis.tabvisor = { Machine, ScreenInput };
    // Another query string is another machine: the simplest way to be sure that nothing of this one is left.
    globalThis.addEventListener("popstate", () => globalThis.location.reload());
    // The machine ended when the page was put away; a page that comes back from the browser's cache has none.
    globalThis.addEventListener("pageshow", (event) => {
      if (event.persisted) globalThis.location.reload();
    });
  }

  async open(query: string): Promise<void> {
    if (query.length > 1) return this.#run(query);
    const images = await listImages();
    const screen = new StartScreen(images, (chosen) => {
      globalThis.history.pushState(null, "", `?${chosen}`);
      void this.#run(`?${chosen}`);
    });
    this.#show(screen.element);
  }

  async #run(query: string): Promise<void> {
    const running = this.#start(query);
    // Whoever awaits the machine hears of the failure too.
    running.catch(() => undefined);
    globalThis.tabvisor.machine = running;
    try {
      globalThis.tabvisor.machine = await running;
    } catch (error) {
      if (this.#view === undefined || !this.#view.element.matches("[data-state=crashed]")) this.#showProblem(error);
    }
  }

  async #start(query: string): Promise<Machine> {
    const machine = await Machine.create(query);
    const view = new MachineView(machine, (error) => this.#showProblem(error));
    this.#view = view;
    this.#show(view.element);
    view.open();
    await machine.start();
    return machine;
  }

  #showProblem(error: unknown): void {
    this.#view?.dispose();
    this.#view = undefined;
    this.#show(errorPage(describe(error)));
  }

  #show(element: HTMLElement): void {
    this.#root.replaceChildren(element);
  }
}

function describe(error: unknown): ErrorPage {
  if (error instanceof ConfigError) {
    const { option, reason, accepted } = error.issue;
    return { title: "This machine cannot be made", text: `Option ${option}: ${reason}.`, accepted };
  }
  const text = error instanceof Error ? error.message : String(error);
  return { title: "The machine did not start", text };
}
