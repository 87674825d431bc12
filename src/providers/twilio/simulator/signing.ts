import { createHmac } from "node:crypto"

/** Form fields in the order of the body; a name may come several times. */
export type Fields = ReadonlyArray<readonly [string, string]>

/**
 * The value of `X-Twilio-Signature` for a request (Twilio: webhooks security). The message is the URL as requested and,
 * for a form, every name in code unit order followed by its distinct values in order, with nothing in between. It is
 * base64 of HMAC-SHA1 under the account's auth token. A fragment never leaves the client and is not signed.
 */
export const sign = (authToken: string, url: string, fields: Fields = []): string => {
  const names = Array.from(new Set(fields.map(([name]) => name))).sort()
  const tail = names.map((name) => {
    const values = new Set(fields.filter(([other]) => other === name).map(([, value]) => value))
    return Array.from(values)
      .sort()
      .map((value) => name + value)
      .join("")
  })
  const message = url.replace(/#.*$/, "") + tail.join("")
  return createHmac("sha1", authToken).update(message, "utf8").digest("base64")
}

/** `application/x-www-form-urlencoded` with UTF-8 and `+` for a space. */
export const encodeForm = (fields: Fields): string =>
  fields.map(([name, value]) => `${encodePart(name)}=${encodePart(value)}`).join("&")

const encodePart = (text: string) =>
  encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+")
