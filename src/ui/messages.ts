// Pages that say why there is no machine, and what to do about it.

import { el } from "./dom";
import type { Isolation } from "./isolation";
import { icon } from "./icons";

export interface ErrorPage {
  readonly title: string;
  readonly text: string;
  /** What an option would accept. */
  readonly accepted?: readonly string[];
}

export function errorPage({ title, text, accepted = [] }: ErrorPage): HTMLElement {
  const list = accepted.map((word) => el("li", {}, el("code", {}, word)));
  return el(
    "main",
    { class: "message" },
    el(
      "div",
      { class: "card", role: "alert" },
      el("h1", {}, icon("warning"), title),
      el("p", { class: "message-text" }, text),
      ...(list.length === 0 ? [] : [el("h2", {}, "Accepted"), el("ul", { class: "accepted" }, ...list)]),
      el("div", { class: "actions" }, el("a", { class: "button", href: "./" }, icon("back"), "To the start page")),
    ),
  );
}

const isolationWords: Record<Exclude<Isolation, "isolated" | "reloading">, { text: string; steps: string[] }> = {
  "insecure-context": {
    text:
      "The machine's threads share one memory, which browsers give only to pages that come over https or from this " +
      "very computer.",
    steps: ["Open this page over https, or serve it on localhost."],
  },
  refused: {
    text:
      "The machine's threads share one memory, which browsers give only to isolated pages. The server does not send " +
      "the headers for it, and the service worker that stands in for them could not be used.",
    steps: [
      "Let the server send the two headers below with this page and its scripts.",
      "Or allow service workers for this site (private windows of some browsers forbid them) and load the page again.",
      "A page inside a frame is isolated only if the page around it is.",
    ],
  },
};

export function isolationPage(reason: Exclude<Isolation, "isolated" | "reloading">): HTMLElement {
  const { text, steps } = isolationWords[reason];
  return el(
    "main",
    { class: "message" },
    el(
      "div",
      { class: "card", role: "alert" },
      el("h1", {}, icon("warning"), "No shared memory here"),
      el("p", {}, text),
      el("h2", {}, "What to do"),
      el("ul", {}, ...steps.map((step) => el("li", {}, step))),
      el("pre", {}, "Cross-Origin-Opener-Policy: same-origin\nCross-Origin-Embedder-Policy: require-corp"),
      el(
        "div",
        { class: "actions" },
        el("a", { class: "button", href: globalThis.location.href }, icon("reset"), "Try again"),
      ),
    ),
  );
}
