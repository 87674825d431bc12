import { Result } from "effect"

/** What may stand for `{number}`: no sign that means something in a dial string, such as `/ @ & , (` (Asterisk: Dial). */
const diallable = /^[0-9A-Za-z+*#._-]{1,64}$/

/** Puts the destination into a configuration's template. Fails with what a person can do. */
export const dialString = (template: string, destination: string): Result.Result<string, string> =>
  diallable.test(destination)
    ? Result.succeed(template.replace("{number}", () => destination))
    : Result.fail("Asterisk dials phone numbers and extensions of letters, digits and + * # . _ - only.")

/** The caller id of a dial; undefined where the address is none that Asterisk could show: then the trunk decides. */
export const callerId = (address: string): string | undefined => (diallable.test(address) ? address : undefined)

/** What passes unencoded in the parameters of a WebSocket channel; everything else must be percent-encoded there. */
const unreserved = /[^A-Za-z0-9_.-]/gu

const percentEncoded = (text: string) =>
  text
    .toWellFormed()
    .replace(unreserved, (character) =>
      Array.from(Buffer.from(character, "utf8"), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(
        ""
      )
    )

/**
 * The `v()` option of a WebSocket channel: parameters that Asterisk appends to the address of its `websocket_client.conf`,
 * joined with `&`.
 */
export const uriParameters = (parameters: Readonly<Record<string, string>>): string =>
  `v(${Object.entries(parameters)
    .map(([name, value]) => `${percentEncoded(name)}=${percentEncoded(value)}`)
    .join(",")})`
