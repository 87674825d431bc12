/**
 * Country codes that belong to no country and cost more than a caller expects. Source: ITU-T E.164, list of assigned
 * country codes (annex to the ITU Operational Bulletin). National premium-rate ranges come from libphonenumber's data.
 */
export const premiumCountryCodes: ReadonlyArray<{ readonly code: string; readonly meaning: string }> = [
  { code: "979", meaning: "international premium rate" },
  { code: "808", meaning: "international shared cost" },
  { code: "870", meaning: "Inmarsat satellite" },
  { code: "878", meaning: "universal personal telecommunications" },
  { code: "881", meaning: "global mobile satellite" },
  { code: "882", meaning: "international networks" },
  { code: "883", meaning: "international networks" }
]
