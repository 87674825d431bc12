/** A part of an address as the carrier signed it and as it was rebuilt here; null: it is not there. */
export interface AddressPart {
  readonly part: string
  readonly signed: string | null
  readonly rebuilt: string | null
  readonly differs: boolean
}

const shape = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(\[[^\]]*\]|[^/?#:]*)(?::(\d+))?([^?#]*)(?:\?([^#]*))?/i

const partsOf = (url: string) => {
  const [, scheme, host, port, path, query] = shape.exec(url) ?? []
  return { Scheme: scheme, Host: host, Port: port, Path: path, Query: query }
}

/** Two addresses part by part. Parts that neither has are left out. */
export const comparedAddresses = (signed: string, rebuilt: string): ReadonlyArray<AddressPart> => {
  const one = partsOf(signed)
  const other = partsOf(rebuilt)
  const names = ["Scheme", "Host", "Port", "Path", "Query"] as const
  return names
    .map((part) => ({ part, signed: one[part] || null, rebuilt: other[part] || null }))
    .filter((each) => each.signed !== null || each.rebuilt !== null)
    .map((each) => ({ ...each, differs: each.signed !== each.rebuilt }))
}
