// Commands for links and screens (qapi/net.json, qapi/ui.json).

import { ok } from "../../shared/result";
import { deviceNotFound, done, genericError, type QmpServer } from "./server";
import type { QmpTargets } from "./targets";

export function registerNetAndDisplay(qmp: QmpServer, { cards, screens }: QmpTargets): void {
  qmp.register("set_link", { name: "str", up: "bool" }, ({ name, up }) => {
    const card = cards.get(name);
    if (card === undefined) return deviceNotFound(name);
    card.setLink(up);
    return done;
  });
  qmp.register("query-rx-filter", { name: "str?" }, ({ name }) => {
    if (name === undefined) return ok(Array.from(new Set(cards.values()), (card) => card.rxFilter()));
    const card = cards.get(name);
    return card === undefined ? deviceNotFound(name) : ok([card.rxFilter()]);
  });
  qmp.register("screendump", { filename: "str?", device: "str?", head: "int?", format: "str?" }, async (args) => {
    const { device, head = 0, format = "png" } = args;
    if ((format as string) !== "png") return genericError(`Parameter 'format' does not accept value '${format}'`);
    const dump = device === undefined ? [...screens.values()][0] : screens.get(device);
    if (dump === undefined) {
      return device === undefined
        ? genericError("There is no console to take a screendump from")
        : deviceNotFound(device);
    }
    if (head !== 0) return genericError(`Head ${head} is out of range`);
    return ok(await dump());
  });
}
