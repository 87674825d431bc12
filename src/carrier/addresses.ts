import { Result, Schema } from "effect"
import {
  type CountryCode,
  getCountries,
  getCountryCallingCode,
  isSupportedCountry,
  parsePhoneNumberFromString
} from "libphonenumber-js/max"

export const AddressType = Schema.Literals(["pstn", "sip_uri", "sip_extension"])
export type AddressType = typeof AddressType.Type

/** One address in the one form that is stored, matched, checked and given to carriers. */
export interface CanonicalAddress {
  /** `+` and digits (ITU-T E.164), `sip:user@host`, or an extension. */
  readonly address: string
  readonly type: AddressType
  /** ISO 3166-1 alpha-2; undefined for numbers of no country and for SIP. */
  readonly country: string | undefined
}

/** Why an address cannot be used, and what to send instead. */
export class AddressRefused extends Schema.TaggedError<AddressRefused>()("AddressRefused", {
  message: Schema.String
}) {}

/** `country` is the hint for national numbers, ISO 3166-1 alpha-2; `type` is what the sender says it is. */
export interface AddressHints {
  readonly country?: string | undefined
  readonly type?: AddressType | undefined
}

/** The longest address that is read, in UTF-16 units. */
const MAX_LENGTH = 255

const refuse = (message: string) => Result.fail(new AddressRefused({ message }))

/** The country of a hint in capitals, or undefined where there is no such country. */
export const knownCountry = (hint: string): CountryCode | undefined => {
  const code = hint.trim().toUpperCase()
  return isSupportedCountry(code) ? code : undefined
}

/** The countries in whose notation a national number can be read, by code, with what follows the plus. */
export const countries: ReadonlyArray<{ readonly code: string; readonly callingCode: string }> = getCountries()
  .toSorted()
  .map((code) => ({ code, callingCode: getCountryCallingCode(code) }))

/** What people put between digits: spaces, dots, dashes, slashes, brackets, and invisible marks that come with pasting. */
const separators = /[\s.\-\u2010-\u2015\u2212/()[\]~\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]/g

const parsedNumber = (compact: string, country: CountryCode | undefined) => {
  const number = parsePhoneNumberFromString(compact, {
    extract: false,
    ...(country === undefined ? {} : { defaultCountry: country })
  })
  return number === undefined || number.ext !== undefined || !number.isPossible() ? undefined : number
}

const IMPOSSIBLE = "This cannot be a phone number. Send it with its country code, such as +14155550100."

const phoneNumber = (text: string, hint: string | undefined): Result.Result<CanonicalAddress, AddressRefused> => {
  const compact = text.normalize("NFKC").replaceAll(separators, "").replace(/^00/, "+")
  if (/;?(ext|x)\.?=?\d+$/i.test(compact)) {
    return refuse("A phone number with an extension cannot be dialled as one. Send the number without it.")
  }
  if (!/^\+?\p{Nd}+$/u.test(compact)) return refuse(IMPOSSIBLE)
  const country = hint === undefined ? undefined : knownCountry(hint)
  if (!compact.startsWith("+")) {
    if (hint === undefined) {
      return refuse("A national number needs a country. Send it with its country code (+...), or set a country.")
    }
    if (country === undefined) return refuse("The country is not a known ISO 3166-1 code of two letters, such as US.")
  }
  const number = parsedNumber(compact, country)
  if (number === undefined) return refuse(IMPOSSIBLE)
  // Read its own result again: a number that does not survive that would be stored under two names.
  const again = parsedNumber(number.number, undefined)
  return again === undefined
    ? refuse(IMPOSSIBLE)
    : Result.succeed({ address: again.number, type: "pstn", country: again.country })
}

/** RFC 3966: global numbers, and local ones in the context of a global prefix; of the parameters only these two matter. */
const telUri = (text: string, country: string | undefined) => {
  const [subscriber = "", ...parameters] = text.slice("tel:".length).split(";")
  const parameter = (name: string) =>
    parameters.find((each) => each.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1)
  const context = parameter("phone-context")
  const extension = parameter("ext") ?? ""
  const number = context?.startsWith("+") && !subscriber.startsWith("+") ? context + subscriber : subscriber
  return phoneNumber(extension === "" ? number : `${number};ext=${extension}`, country)
}

const sipUriPattern =
  /^(sips?):([^\s@<>"';?:]+)@(\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::(\d{1,5}))?((?:;[^\s@<>"';?]+)*)(?:\?.*)?$/i

/** RFC 3261, 19.1: scheme, host and parameters without case, the user part with it. Headers (`?...`) are dropped. */
const sipUri = (text: string): Result.Result<CanonicalAddress, AddressRefused> => {
  const parts = sipUriPattern.exec(/^sips?:/i.test(text) ? text : `sip:${text}`)
  if (parts === null || Number(parts[4] ?? 1) > 65_535 || parts[4] === "0") {
    return refuse("This is not a SIP URI. Send sip:user@host, without a password.")
  }
  const [, scheme = "", user = "", host = "", port, parameters = ""] = parts
  const authority = `${host.toLowerCase()}${port === undefined ? "" : `:${Number(port)}`}`
  return Result.succeed({
    address: `${scheme.toLowerCase()}:${user}@${authority}${parameters.toLowerCase()}`,
    type: "sip_uri",
    country: undefined
  })
}

/** The characters of a SIP user part (RFC 3261, 25.1) that an extension may have. */
const extensionPattern = /^[A-Za-z0-9_.!~*'()&=+$,;?/#-]{1,64}$/

const extension = (text: string): Result.Result<CanonicalAddress, AddressRefused> =>
  extensionPattern.test(text)
    ? Result.succeed({ address: text, type: "sip_extension", country: undefined })
    : refuse("An extension has 1 to 64 letters, digits or signs of a SIP user name, without spaces or @.")

/**
 * Reads an address as a person or a carrier wrote it. An explicit `+` or `00` wins over any country hint. Without a
 * `type`, SIP URIs are recognised and everything else must be a phone number; an extension has to be called one.
 */
export const canonicalAddress = (
  input: string,
  hints: AddressHints = {}
): Result.Result<CanonicalAddress, AddressRefused> => {
  const text = input.trim()
  if (text === "" || text.length > MAX_LENGTH) return refuse(`An address has 1 to ${MAX_LENGTH} characters.`)
  if (text.includes("\u0000") || !text.isWellFormed()) return refuse("An address has printable characters only.")
  if (hints.type === "sip_extension") return extension(text)
  if (hints.type === "sip_uri" || (hints.type === undefined && /^sips?:|@/i.test(text))) return sipUri(text)
  return /^tel:/i.test(text) ? telUri(text, hints.country) : phoneNumber(text, hints.country)
}

/** A phone number in full, only without its plus, as many carriers and PBXs write them. */
const plusless = /^\s*[1-9]\d{7,14}\s*$/

/**
 * The canonical forms under which an address from a carrier may be stored: everything that it can be read as, a number
 * without its plus included, and a SIP URI also without its parameters.
 */
export const addressCandidates = (input: string, country: string | undefined): ReadonlyArray<string> => {
  const read = (type?: AddressType, text = input) =>
    Result.match(canonicalAddress(text, { country, type }), {
      onFailure: () => [],
      onSuccess: ({ address, type }) => (type === "sip_uri" ? [address, address.replace(/;.*$/, "")] : [address])
    })
  const asWritten = read()
  const number = asWritten.length === 0 && plusless.test(input) ? read("pstn", `+${input.trim()}`) : asWritten
  return Array.from(new Set([...number, ...read("sip_extension")]))
}
