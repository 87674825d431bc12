import { CircleAlert, CircleCheck, CircleDashed, CircleX } from "lucide-react"
import { Badge } from "../parts/Badge.tsx"
import { Button } from "../parts/Button.tsx"
import { useNotices } from "../parts/Notices.tsx"
import { useMay } from "../session/session.ts"
import { type PhoneNumber, useSyncNumber } from "./queries.ts"
import { useSyncNotice } from "./syncNotice.ts"

const Word = ({ of: { desired, in_sync, last_error, observed } }: { readonly of: PhoneNumber["sync_state"] }) => {
  if (in_sync && desired === null) {
    return (
      <Badge title="Only an active number with an agent has a webhook at the carrier.">
        <CircleDashed size={12} aria-hidden /> none wanted
      </Badge>
    )
  }
  if (in_sync) {
    return (
      <Badge tone="good">
        <CircleCheck size={12} aria-hidden /> set
      </Badge>
    )
  }
  return last_error === null ? (
    <Badge tone="warn">
      <CircleAlert size={12} aria-hidden /> {observed === "unknown" ? "unknown" : "not set yet"}
    </Badge>
  ) : (
    <Badge tone="bad">
      <CircleX size={12} aria-hidden /> failed
    </Badge>
  )
}

/** How far the carrier's webhook for a number is as wanted, with the carrier's own words and another try. */
export const SyncState = ({ of }: { readonly of: PhoneNumber }) => {
  const sync = useSyncNumber(of)
  const { bad } = useNotices()
  const tell = useSyncNotice()
  const mayWrite = useMay("operator")
  const { in_sync, last_error } = of.sync_state
  return (
    <div className="flex flex-col items-start gap-1">
      <div className="flex items-center gap-2">
        <Word of={of.sync_state} />
        {in_sync ? null : (
          <Button
            small
            busy={sync.isPending}
            disabled={!mayWrite}
            title={mayWrite ? undefined : "Only operators and admins change numbers."}
            aria-label={`Retry the webhook of ${of.address_normalized}`}
            onClick={() =>
              sync.mutate(undefined, {
                onError: bad,
                onSuccess: ({ provider_sync }) => tell(`${of.address_normalized}:`, provider_sync)
              })
            }
          >
            Retry
          </Button>
        )}
      </div>
      {last_error === null ? null : <span className="text-muted max-w-xs text-xs">{last_error}</span>}
    </div>
  )
}
