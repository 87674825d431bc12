/** 32 hexadecimal digits, with or without dashes between them. */
const uuid = /^([0-9a-f]{8})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{4})-?([0-9a-f]{12})$/

/**
 * A leg's uuid in one form: some legs are written without dashes, some in capitals (Vonage: Voice API, webhook reference).
 * Undefined when the text is no uuid.
 */
export const legId = (text: string | undefined): string | undefined =>
  uuid
    .exec(text?.toLowerCase() ?? "")
    ?.slice(1)
    .join("-")

/** Whether an address is a media socket's: the second leg of every call with an agent. */
export const isMediaAddress = (address: string | undefined): boolean => /^wss?:\/\//i.test(address ?? "")

/** Digits without `+`, as Vonage writes a phone number; undefined when the address is none. */
export const digitsOf = (address: string): string | undefined => /^\+([1-9]\d{6,14})$/.exec(address)?.[1]

/** An address of a webhook in our form: a number in digits gets its `+`, everything else stays as it is. */
export const addressOf = (text: string): string => (/^[1-9]\d{6,14}$/.test(text) ? `+${text}` : text)
