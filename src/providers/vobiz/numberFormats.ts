import { Result } from "effect"
import { parsePhoneNumberFromString } from "libphonenumber-js/max"
import { canonicalAddress } from "../../carrier/addresses.ts"

/** A number as Vobiz's API wants it: digits, no plus sign. A SIP address stays as it is. */
export const digitsOf = (address: string): string => address.replace(/^\+(?=\d+$)/, "")

const isValid = (address: string): boolean => parsePhoneNumberFromString(address)?.isValid() === true

/**
 * A number of a webhook as a canonical address. Vobiz writes the same number in several ways: with and without country code,
 * with a leading 0 or 00. `country` says how national ones are read. More than ten digits that are no number of that
 * country are an international number whose plus sign was left out. What cannot be read stays as it is.
 */
export const readAddress = (text: string, country: string | undefined): string => {
  const read = (input: string) =>
    Result.match(canonicalAddress(input, { country }), {
      onFailure: () => undefined,
      onSuccess: ({ address }) => address
    })
  const national = read(text)
  if (national !== undefined && isValid(national)) return national
  const international = /^[1-9]\d{10,14}$/.test(text.trim()) ? read(`+${text.trim()}`) : undefined
  return international !== undefined && isValid(international) ? international : (national ?? text)
}
