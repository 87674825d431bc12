import { createHmac } from "node:crypto"

/** Form fields, decoded; a name may come several times. */
export type Fields = ReadonlyArray<readonly [string, string]>

const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

const byNameThenValue = ([name, value]: Fields[number], [other, otherValue]: Fields[number]) =>
  order(name, other) || order(value, otherValue)

/** Everything before the query, exactly as it is written. */
const baseOf = (url: string) => url.replace(/[?#].*$/s, "")

const queryOf = (url: string) => {
  const [whole = ""] = url.split("#", 1)
  const mark = whole.indexOf("?")
  const pairs: Fields = mark < 0 ? [] : Array.from(new URLSearchParams(whole.slice(mark + 1)))
  return pairs
    .toSorted(byNameThenValue)
    .map(([name, value]) => `${name}=${value}`)
    .join("&")
}

/**
 * What a V3 signature is made over (Plivo: signature validation): the URL with its query decoded and sorted, the fields of
 * a POST sorted and run together, the nonce. With fields but no query there is a question mark and no dot.
 */
export const canonical = (method: "GET" | "POST", url: string, fields: Fields, nonce: string): string => {
  const query = queryOf(url)
  const asked = query === "" ? baseOf(url) : `${baseOf(url)}?${query}`
  if (method === "GET" || fields.length === 0) return `${asked}.${nonce}`
  const posted = fields
    .toSorted(byNameThenValue)
    .map(([name, value]) => name + value)
    .join("")
  return `${baseOf(url)}?${query}${query === "" ? "" : "."}${posted}.${nonce}`
}

const hmac = (token: string, message: string) => createHmac("sha256", token).update(message, "utf8").digest("base64")

/** The value of `X-Plivo-Signature-V3`: base64 of HMAC-SHA256 under the auth token. */
export const signV3 = (token: string, method: "GET" | "POST", url: string, fields: Fields, nonce: string): string =>
  hmac(token, canonical(method, url, fields, nonce))

/** The value of `X-Plivo-Signature-V2`: over the URL without its query and the nonce only, whatever the fields. */
export const signV2 = (token: string, url: string, nonce: string): string => hmac(token, baseOf(url) + nonce)

/** `application/x-www-form-urlencoded` with UTF-8 and `+` for a space. */
export const encodeForm = (fields: Fields): string =>
  fields.map(([name, value]) => `${encodePart(name)}=${encodePart(value)}`).join("&")

const encodePart = (text: string) =>
  encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+")
