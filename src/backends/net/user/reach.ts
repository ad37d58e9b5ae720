// Which TCP connections of the guest a page can serve: HTTP, and nothing else. What it cannot is refused at once.

import { formatIpv4 } from "../../../shared/net/addresses";
import type { NetworkPlan } from "../../../shared/net/user_plan";
import type { Destination } from "./http/origin";
import type { Names } from "./names";

/** Where other hosts are assumed to speak HTTP. At the gateway every port but HTTPS's may. */
const HTTP_PORTS: readonly number[] = [80, 8080];
const HTTPS = 443;

export type Reach = Destination | { readonly refused: string };

/** Where a connection to this address and port leads. */
export function reachOf(address: number, port: number, plan: NetworkPlan, names: Names): Reach {
  const name = names.nameOf(address);
  const shown = `${name ?? formatIpv4(address)}, port ${port}`;
  if (plan.restrict) return { refused: `${shown}: this network leads nowhere (restrict=on)` };
  if (port === HTTPS) {
    return {
      refused: `${shown}: a page cannot pass HTTPS on. Use http:// in the guest: the browser encrypts it on its way`,
    };
  }
  if (address === plan.host) return { host: "localhost", port };
  if (address === plan.dns) return { refused: `${shown}: the name server has port 53 only` };
  if (!HTTP_PORTS.includes(port)) return { refused: `${shown}: a page can make HTTP requests only` };
  if (name !== undefined) return { host: name, port };
  if (names.isSynthetic(address)) return { refused: `${shown}: the address stands for no name any more` };
  return { host: formatIpv4(address), port };
}
