import { isIP } from "node:net"
import { bareHost, isLoopbackHost, isPublicAddress } from "../../network/addresses.ts"
import { type Check, failed, ok, warning } from "./Check.ts"

const name = "PUBLIC_URL"

/** Paths of ours that a person may have copied along. */
const ownPath = /\/(?:api|healthz|readyz|docs|telephony|inbound|v1)(?:\/|$)/i

const isPrivate = (host: string) => isIP(host) !== 0 && !isPublicAddress(host)

/** What can be seen from the address itself. `viaPbx`: the carrier is a PBX, which may stand beside us. Pure. */
export const publicUrlForm = (publicUrl: string, viaPbx: boolean): Check => {
  const url = URL.parse(publicUrl)
  if (url === null) return failed(name, `PUBLIC_URL ${publicUrl} is no address.`, "Set it to an https address.")
  const host = bareHost(url.hostname)
  if (ownPath.test(url.pathname)) {
    return failed(
      name,
      `PUBLIC_URL is ${publicUrl}: its path is one of the service's own, which comes after PUBLIC_URL.`,
      `Set PUBLIC_URL to the address alone, such as ${url.origin}.`
    )
  }
  if (isLoopbackHost(host)) {
    return warning(
      name,
      `PUBLIC_URL is ${publicUrl}, which leads every other machine to itself: no carrier reaches this service.`,
      "Set PUBLIC_URL to the https address by which carriers reach this service (a reverse proxy, a tunnel)."
    )
  }
  if (isPrivate(host)) {
    return warning(
      name,
      `PUBLIC_URL is ${publicUrl}, an address of a private network: only machines inside it reach this service.`,
      "That is right for a PBX beside it. For a carrier, set PUBLIC_URL to an https address of the public internet."
    )
  }
  if (url.protocol !== "https:") {
    const step = `Put a proxy with a certificate before this service and set PUBLIC_URL to its https address, such as https://${url.host}.`
    const message = `PUBLIC_URL is ${publicUrl}: without TLS, secrets and audio can be read on the way, and carriers refuse to open a media socket.`
    return viaPbx ? warning(name, message, step) : failed(name, message, step)
  }
  if (url.port === "80") {
    return warning(
      name,
      `PUBLIC_URL is ${publicUrl}: https on the port of http.`,
      `Leave the port out: https://${host}${url.pathname === "/" ? "" : url.pathname}.`
    )
  }
  return ok(name, `PUBLIC_URL is ${publicUrl}.`)
}
