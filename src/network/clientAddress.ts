import { isIP } from "node:net"
import { privateHostList } from "./addresses.ts"

/** An IPv4 address that was wrapped in IPv6 (RFC 4291, 2.5.5.2), as a socket of both families gives it. */
const unwrapped = (address: string) => address.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, "")

/** Ports and brackets that some proxies add. */
const bare = (entry: string) =>
  unwrapped(
    entry
      .trim()
      .replace(/^\[(.*)\](:\d+)?$/, "$1")
      .replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, "$1")
  )

/**
 * Tells who a request is from: the address of its connection, or, where that is one of the `trusted` proxies (addresses or CIDRs),
 * the last address of `X-Forwarded-For` that is none of them. What strangers wrote before it is not believed.
 */
export const clientAddresses = (trusted: ReadonlyArray<string>) => {
  const proxies = privateHostList(trusted)
  return (connection: string, forwardedFor: string | undefined): string => {
    let client = bare(connection)
    const hops = (forwardedFor ?? "").split(",").map(bare)
    while (proxies.address(client)) {
      const before = hops.pop()
      if (before === undefined || isIP(before) === 0) return client
      client = before
    }
    return client
  }
}

/** What one client can have many of counts as one: an IPv6 network of 64 bits (RFC 6177); of IPv4 the address itself. */
export const clientNetwork = (address: string): string => {
  if (isIP(address) !== 6) return address
  const [head = "", tail] = (address.split("%", 1)[0] ?? "").toLowerCase().split("::")
  const groups = head === "" ? [] : head.split(":")
  const rest = tail === undefined || tail === "" ? [] : tail.split(":")
  const missing = tail === undefined ? 0 : Math.max(0, 8 - groups.length - rest.length)
  const all = [...groups, ...Array.from({ length: missing }, () => "0"), ...rest]
  return `${all
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":")}::/64`
}
