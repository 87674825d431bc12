import { createHmac } from "node:crypto"

/** Form fields in the order of the body; a name may come several times. */
export type Fields = ReadonlyArray<readonly [string, string]>

/** What is signed of a callback URL: everything up to the query or the fragment, as it was given (Vobiz: validating callbacks). */
export const baseOf = (url: string) => url.replace(/[?#].*$/, "")

const hmac = (algorithm: "sha1" | "sha256", token: string, message: string) =>
  createHmac(algorithm, token).update(message, "utf8").digest("base64")

/** Base64 of HMAC-SHA256 over base URL, a dot and the nonce. Neither query nor body is signed (Vobiz: validating callbacks). */
export const signV3 = (token: string, url: string, nonce: string) => hmac("sha256", token, `${baseOf(url)}.${nonce}`)

/** The same without the dot (Vobiz: validating callbacks). */
export const signV2 = (token: string, url: string, nonce: string) => hmac("sha256", token, baseOf(url) + nonce)

/** 28 characters were seen; what they are over is not documented. The likeliest, from the scheme it imitates: URL and sorted fields. */
const signV1 = (token: string, url: string, fields: Fields) => {
  const sorted = Array.from(fields).sort(([one], [other]) => (one < other ? -1 : 1))
  return hmac("sha1", token, url + sorted.map(([name, value]) => name + value).join(""))
}

/** The signature headers of one callback. On a main account `parentToken` is the account's own. */
export const signatureHeaders = (options: {
  readonly kinds: "all" | "v3" | "v2"
  readonly token: string
  readonly parentToken: string
  readonly url: string
  readonly nonce: string
  readonly fields: Fields
}): Readonly<Record<string, string>> => {
  const { kinds, nonce, parentToken, token, url } = options
  const v3 = {
    "X-Vobiz-Signature-V3": signV3(token, url, nonce),
    "X-Vobiz-Signature-MA-V3": signV3(parentToken, url, nonce),
    "X-Vobiz-Signature-V3-Nonce": nonce
  }
  const v2 = {
    "X-Vobiz-Signature-V2": signV2(token, url, nonce),
    "X-Vobiz-Signature-MA-V2": signV2(parentToken, url, nonce),
    "X-Vobiz-Signature-V2-Nonce": nonce
  }
  if (kinds === "v3") return v3
  if (kinds === "v2") return v2
  return { ...v3, ...v2, "X-Vobiz-Signature": signV1(token, url, options.fields) }
}

/** `application/x-www-form-urlencoded` with UTF-8 and `+` for a space. */
export const encodeForm = (fields: Fields): string =>
  fields.map(([name, value]) => `${encodePart(name)}=${encodePart(value)}`).join("&")

const encodePart = (text: string) =>
  encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+")
