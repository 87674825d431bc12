import { Effect, Result, Schema } from "effect"
import { parsePhoneNumberFromString } from "libphonenumber-js/max"
import { type AddressRefused, type CanonicalAddress, canonicalAddress } from "../carrier/addresses.ts"
import type { ProviderSpec } from "../ProviderSpec.ts"
import { premiumCountryCodes } from "./premiumRanges.ts"

/** What an organization lets its calls reach. A prefix is a number's beginning (`+4420`) or a text's (`sip:`). */
export interface DestinationPolicy {
  readonly allowedPrefixes: ReadonlyArray<string>
  readonly deniedPrefixes: ReadonlyArray<string>
  readonly premiumRateAllowed: boolean
}

const Row = Schema.Struct({
  default_country: Schema.NullOr(Schema.String),
  allowed_prefixes: Schema.Array(Schema.String),
  denied_prefixes: Schema.Array(Schema.String),
  premium_rate_allowed: Schema.Boolean
})
const decodeRow = Schema.decodeUnknownEffect(Row)

/** The policy in a row of `organizations`, and the country of its national numbers. */
export const readPolicy = (row: unknown): Effect.Effect<DestinationPolicy & { readonly country: string | undefined }> =>
  decodeRow(row).pipe(
    Effect.map((organization) => ({
      country: organization.default_country ?? undefined,
      allowedPrefixes: organization.allowed_prefixes,
      deniedPrefixes: organization.denied_prefixes,
      premiumRateAllowed: organization.premium_rate_allowed
    })),
    Effect.orDie
  )

/** A destination as a person wrote it, in canonical form. A PBX also has destinations that are no phone numbers. */
export const readDestination = (
  written: string,
  country: string | undefined,
  spec: ProviderSpec
): Result.Result<CanonicalAddress, AddressRefused> => {
  const read = canonicalAddress(written, { country })
  return Result.isFailure(read) && spec.uiMetadata.connectivity === "sip"
    ? canonicalAddress(written, { type: "sip_extension" })
    : read
}

/** `+` and digits of an address that carries an E.164 number, as itself or as the user of a SIP URI. */
const numberOf = (address: string): string | undefined => /^(?:sips?:)?(\+\d+)(?:[@;]|$)/i.exec(address)?.[1]

/** A prefix as written by a person: `0044`, `44` and `+44` mean the same. */
const numberPrefix = (prefix: string): string | undefined => {
  const digits = prefix.replace(/[\s().-]/g, "")
  return /^(?:\+|00)?\d+$/.test(digits) ? `+${digits.replace(/^(?:\+|00)/, "")}` : undefined
}

const matches = (address: string, prefix: string): boolean => {
  const digits = numberPrefix(prefix)
  return digits === undefined
    ? address.toLowerCase().startsWith(prefix.trim().toLowerCase())
    : (numberOf(address)?.startsWith(digits) ?? false)
}

/** Why a number costs more than a usual call, or undefined. */
const premium = (address: string): string | undefined => {
  const number = numberOf(address)
  if (number === undefined) return undefined
  const range = premiumCountryCodes.find(({ code }) => number.startsWith(`+${code}`))
  if (range !== undefined) return `+${range.code} (${range.meaning})`
  return parsePhoneNumberFromString(number)?.getType() === "PREMIUM_RATE" ? "a premium-rate range" : undefined
}

/** Why a canonical address must not be dialled, as a sentence with the remedy; undefined when it may. */
export const destinationRefused = (address: string, policy: DestinationPolicy): string | undefined => {
  const denied = policy.deniedPrefixes.find((prefix) => matches(address, prefix))
  if (denied !== undefined)
    return `Calls to ${address} are not allowed: the organization denies the prefix ${denied}. Remove it from the denied prefixes to call this destination.`
  const costly = policy.premiumRateAllowed ? undefined : premium(address)
  if (costly !== undefined)
    return `Calls to ${address} are not allowed: it lies in ${costly}. Allow premium-rate destinations for the organization to call it.`
  if (policy.allowedPrefixes.length > 0 && !policy.allowedPrefixes.some((prefix) => matches(address, prefix)))
    return `Calls to ${address} are not allowed: it matches none of the organization's allowed prefixes. Add one that covers it.`
  return undefined
}
