import { BlockList, isIP, isIPv4, isIPv6 } from "node:net"

type Subnet = readonly [network: string, prefix: number]

/** IANA IPv4 Special-Purpose Address Registry (RFC 6890 and its updates), plus multicast (RFC 5771) and class E. */
const specialIpv4: ReadonlyArray<Subnet> = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.31.196.0", 24],
  ["192.52.193.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["192.175.48.0", 24],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4]
]

/**
 * Parts of the global unicast range that are not for reaching hosts or that wrap an IPv4 address: IETF protocol
 * assignments with Teredo (RFC 2928), documentation (RFC 3849, RFC 9637), 6to4 (RFC 3056).
 */
const specialIpv6: ReadonlyArray<Subnet> = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20]
]

const list = (family: "ipv4" | "ipv6", subnets: ReadonlyArray<Subnet>) => {
  const block = new BlockList()
  for (const [network, prefix] of subnets) block.addSubnet(network, prefix, family)
  return block
}

const special4 = list("ipv4", specialIpv4)
const special6 = list("ipv6", specialIpv6)
/** RFC 4291, section 2.4; everything else (loopback, unique local, link-local, multicast, IPv4-mapped) is refused. */
const globalUnicast6 = list("ipv6", [["2000::", 3]])
const loopback4 = list("ipv4", [["127.0.0.0", 8]])
const loopback6 = list("ipv6", [["::1", 128]])

const withoutZone = (address: string) => address.split("%", 1)[0] ?? ""

/** Whether an IP address belongs to a host of the public internet. False for what is not an IP address. */
export const isPublicAddress = (address: string): boolean => {
  if (isIPv4(address)) return !special4.check(address, "ipv4")
  const bare = withoutZone(address)
  return isIPv6(bare) && globalUnicast6.check(bare, "ipv6") && !special6.check(bare, "ipv6")
}

/** Whether an IP address is this machine's own loopback. An IPv4 address wrapped in IPv6 is not. */
export const isLoopbackAddress = (address: string): boolean =>
  isIPv4(address)
    ? loopback4.check(address, "ipv4")
    : isIPv6(withoutZone(address)) && loopback6.check(withoutZone(address), "ipv6")

/** A host as `URL.hostname` gives it, in lower case, without the brackets of IPv6 and without a closing dot. */
export const bareHost = (hostname: string): string =>
  hostname
    .toLowerCase()
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "")

/** Whether a URL's host is loopback by name (RFC 6761, section 6.3) or by address. */
export const isLoopbackHost = (hostname: string): boolean => {
  const host = bareHost(hostname)
  return host === "localhost" || host.endsWith(".localhost") || isLoopbackAddress(host)
}

const subnetOf = (entry: string): readonly [...Subnet, "ipv4" | "ipv6"] | undefined => {
  const [network = "", prefix] = entry.split("/", 2)
  const family = isIP(network)
  const widest = family === 4 ? 32 : 128
  const bits = prefix === undefined ? widest : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1
  return family === 0 || bits < 0 || bits > widest ? undefined : [network, bits, family === 4 ? "ipv4" : "ipv6"]
}

/**
 * Reads the operator's list of private hosts. `host` tells whether a host name is on it, `address` whether an IP address
 * is, alone or in a CIDR.
 */
export const privateHostList = (entries: ReadonlyArray<string>) => {
  const addresses = new BlockList()
  const names: Array<string> = []
  for (const entry of entries) {
    const subnet = subnetOf(bareHost(entry.trim()))
    if (subnet === undefined) names.push(bareHost(entry.trim()))
    else addresses.addSubnet(...subnet)
  }
  return {
    host: (hostname: string): boolean => {
      const host = bareHost(hostname)
      return host !== "" && names.includes(host)
    },
    address: (address: string): boolean => {
      const bare = withoutZone(address)
      const family = isIP(bare)
      return family !== 0 && addresses.check(bare, family === 4 ? "ipv4" : "ipv6")
    }
  }
}
