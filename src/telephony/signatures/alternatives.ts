import { urlParts } from "../../carrier/publicUrl.ts"
import type { RawRequest } from "../../carrier/RawRequest.ts"

/** An address that the carrier may have been given instead of ours, and how it came about. */
export interface Alternative {
  readonly url: string
  /** The `PUBLIC_URL` that would have led to it; undefined when ours does, and only the end of the path differs. */
  readonly base: string | undefined
  /** A line for each part that is not as `PUBLIC_URL` says. */
  readonly differs: ReadonlyArray<string>
}

/** A value of one part of the address, and where it comes from; undefined: from `PUBLIC_URL`, as it is now. */
interface Variant {
  readonly value: string
  readonly from: string | undefined
}

/** At most so many are tried. */
const most = 100

const authorityShape = /^(\[[0-9a-f:.]{2,45}\]|[a-z0-9_.-]{1,253})(:\d{1,5})?$/i

/** Members of a list header, first to last; a client may send a long one. */
const members = (value: string | undefined) => (value ?? "").split(",", 4).map((member) => member.trim())

const forwardedHosts = (value: string | undefined) =>
  members(value).flatMap((element) => /(?:^|;)\s*host="?([^";]+)"?/i.exec(element)?.[1] ?? [])

const distinct = (variants: ReadonlyArray<Variant>) =>
  variants.filter(({ value }, index) => variants.findIndex((other) => other.value === value) === index)

/** Host and port together: what proxies were asked for, and ours with its port written in other ways. */
const authorities = (host: string, port: string, { headers }: RawRequest): ReadonlyArray<Variant> => {
  const claimed = [
    { from: "the Host header", hosts: members(headers["host"]) },
    { from: "X-Forwarded-Host", hosts: members(headers["x-forwarded-host"]) },
    { from: "X-Original-Host", hosts: members(headers["x-original-host"]) },
    { from: "Forwarded", hosts: forwardedHosts(headers["forwarded"]) }
  ].flatMap(({ from, hosts }) =>
    hosts.flatMap((value) => {
      const [whole, bare] = authorityShape.exec(value) ?? []
      return whole === undefined || bare === undefined
        ? []
        : [
            { value: whole, from },
            { value: bare, from: `${from}, without its port` }
          ]
    })
  )
  const ports = members(headers["x-forwarded-port"])
    .filter((each) => /^\d{1,5}$/.test(each))
    .map((each) => ({ value: `${host}:${each}`, from: "X-Forwarded-Port" }))
  return distinct([
    { value: host + port, from: undefined },
    ...claimed,
    { value: host, from: "leaving the port out" },
    ...ports,
    { value: `${host}:443`, from: "writing the port out" },
    { value: `${host}:80`, from: "writing the port out" }
  ])
}

const schemes = (scheme: string, { headers }: RawRequest): ReadonlyArray<Variant> => {
  const other = scheme === "https://" ? "http://" : "https://"
  const told = [...members(headers["x-forwarded-proto"]), ...members(headers["x-forwarded-scheme"])]
  const says = told.includes(other.slice(0, -3))
  return [
    { value: scheme, from: undefined },
    { value: other, from: says ? "X-Forwarded-Proto" : "a proxy that does not say so" }
  ]
}

/** What stands before the path of a route: that of `PUBLIC_URL`, none, twice, or with what a proxy took away. */
const prefixes = (prefix: string, { headers }: RawRequest): ReadonlyArray<Variant> => {
  const taken = (headers["x-forwarded-prefix"] ?? "").trim().replace(/\/+$/, "")
  return distinct([
    { value: prefix, from: undefined },
    { value: "", from: "leaving the path of PUBLIC_URL out" },
    { value: prefix + prefix, from: "writing the path of PUBLIC_URL twice" },
    ...(/^(?:\/[\w.-]{1,64}){1,8}$/.test(taken) ? [{ value: taken + prefix, from: "X-Forwarded-Prefix" }] : [])
  ])
}

const paths = (path: string): ReadonlyArray<Variant> => [
  { value: path, from: undefined },
  path.endsWith("/")
    ? { value: path.slice(0, -1), from: "leaving the slash at the end out" }
    : { value: `${path}/`, from: "a slash at the end" }
]

const line = (part: string, ours: string, { value, from }: Variant) =>
  from === undefined
    ? []
    : [`${part}: PUBLIC_URL has ${ours === "" ? "none" : ours}, signed was ${value === "" ? "none" : value} (${from})`]

/**
 * Every address that the carrier may have signed instead of `raw.publicUrl`, those with the fewest differences first; at most
 * 100. `publicUrl` is the setting. Pure.
 */
export const alternativeUrls = (publicUrl: string, raw: RawRequest): ReadonlyArray<Alternative> => {
  const ours = urlParts(publicUrl)
  if (ours === undefined || !raw.publicUrl.startsWith(publicUrl)) return []
  const target = raw.publicUrl.slice(publicUrl.length)
  const queryAt = target.includes("?") ? target.indexOf("?") : target.length
  const [path, query] = [target.slice(0, queryAt), target.slice(queryAt)]
  const found = schemes(ours.scheme, raw).flatMap((scheme) =>
    authorities(ours.host, ours.port, raw).flatMap((authority) =>
      prefixes(ours.rest, raw).flatMap((prefix) =>
        paths(path).map((end) => {
          const base = scheme.value + authority.value + prefix.value
          const alternative: Alternative = {
            url: base + end.value + query,
            base: base === publicUrl ? undefined : base,
            differs: [
              ...line("scheme", ours.scheme.slice(0, -3), { ...scheme, value: scheme.value.slice(0, -3) }),
              ...line("host", ours.host + ours.port, authority),
              ...line("path", ours.rest, prefix),
              ...(end.from === undefined ? [] : [`end of the path: signed was the path with ${end.from}`])
            ]
          }
          return alternative
        })
      )
    )
  )
  return found
    .filter(({ url }, index) => url !== raw.publicUrl && found.findIndex((other) => other.url === url) === index)
    .sort((one, other) => one.differs.length - other.differs.length)
    .slice(0, most)
}
