/** Where the Voice API is without a region, and where the Applications API always is (Vonage: API hosts). */
export const apiUrl = "https://api.nexmo.com"

/** Where numbers and the balance are. */
export const accountUrl = "https://rest.nexmo.com"

/** The regions of the Voice API, by Vonage's names, and their hosts. */
const hosts = {
  "na-east": "https://api-us-3.vonage.com",
  "na-west": "https://api-us-4.vonage.com",
  "eu-west": "https://api-eu-3.vonage.com",
  "eu-east": "https://api-eu-4.vonage.com",
  "apac-sng": "https://api-ap-3.vonage.com",
  "apac-australia": "https://api-ap-4.vonage.com"
} as const

export type Region = keyof typeof hosts

/** The names of the regions, as the form offers them. */
export const regions = ["na-east", "na-west", "eu-west", "eu-east", "apac-sng", "apac-australia"] as const

/** The Voice API of a region; without one the default. */
export const voiceUrl = (region: Region | undefined): string => (region === undefined ? apiUrl : hosts[region])

/** The hosts of the Voice API, older aliases (`api-us-1.nexmo.com`, `api-sg-1.nexmo.com`) included. */
const voiceHost = /^https:\/\/api(?:-[a-z]{2}-\d)?\.(?:vonage|nexmo)\.com\/?$/i

/**
 * The base URL of a call's own region, as a webhook names it in `region_url`. Undefined for any other address than one of
 * Vonage's API hosts: our credentials go there.
 */
export const regionUrl = (text: string | undefined): string | undefined =>
  text !== undefined && voiceHost.test(text) ? text.toLowerCase().replace(/\/$/, "") : undefined
