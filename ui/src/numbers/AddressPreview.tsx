import { CircleAlert, CircleCheck } from "lucide-react"
import { useDeferredValue } from "react"
import { countryName } from "./countryNames.ts"
import { type AddressType, type Draft, usePreview } from "./queries.ts"

const kinds: Readonly<Record<AddressType, string>> = {
  pstn: "phone number",
  sip_uri: "SIP URI",
  sip_extension: "PBX extension"
}

/** What the service makes of an address while it is typed. */
export const AddressPreview = (draft: Draft) => {
  const { data } = usePreview(useDeferredValue(draft))
  const isEmpty = typeof draft.address !== "string" || draft.address.trim() === ""
  return (
    <p aria-live="polite" className="min-h-5 text-xs">
      {isEmpty || data === undefined ? null : data.ok ? (
        <span className="text-good inline-flex items-start gap-1">
          <CircleCheck size={14} aria-hidden className="mt-px shrink-0" />
          <span>
            Stored as <strong className="font-mono">{data.address_normalized}</strong>, {kinds[data.address_type]}
            {data.country_code === null ? "" : `, ${countryName(data.country_code)}`}
          </span>
        </span>
      ) : (
        <span className="text-warn inline-flex items-start gap-1">
          <CircleAlert size={14} aria-hidden className="mt-px shrink-0" />
          <span>{data.message}</span>
        </span>
      )}
    </p>
  )
}
